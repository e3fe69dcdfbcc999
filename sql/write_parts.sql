-- The interactions of the run date as CSV lines without a header.
UNLOAD (
  WITH :csv_lines
  SELECT line
  FROM csv_lines
)
TO :destination
WITH (format = 'TEXTFILE', compression = 'NONE')
