-- The interactions of a run date: all history and all events that arrived before its end, each identity once.
UNLOAD (
  WITH :classified_rows
  SELECT user_id, item_id, "timestamp", event_type, streamed
  FROM classified
  WHERE reason IS NULL
)
TO :destination
WITH (format = 'PARQUET', compression = 'SNAPPY')
