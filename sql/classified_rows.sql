-- One row per history row and per event that arrived before the end of the run date. `reason` is why a row is left out of the
-- interactions table; the rows without a reason are the table.

-- What counts as no value, and is no id. json_parse makes the text Infinity of a number beyond a double.
no_values AS (
  SELECT ARRAY['', '\N', 'null', 'NULL', 'None', 'undefined', 'nan', 'NaN', '<NA>', 'Infinity', '-Infinity'] AS words
),
:history_rows,
:event_rows,
-- Each identity once, from history and events together. Only rows with a reason keep the address of their object, because it is longer
-- than the rest of a row.
candidates AS (
  SELECT
    'history' AS source, user_id, item_id, "timestamp", event_type, reason,
    CASE WHEN reason IS NOT NULL THEN object END AS object
  FROM history_rows
  UNION ALL
  SELECT
    'event' AS source, user_id, item_id, "timestamp", event_type, reason,
    CASE WHEN reason IS NOT NULL THEN object END AS object
  FROM event_rows
),
ranked AS (
  SELECT
    *,
    bool_or(source = 'event') OVER (PARTITION BY reason, user_id, item_id, "timestamp", event_type) AS streamed,
    row_number() OVER (PARTITION BY reason, user_id, item_id, "timestamp", event_type ORDER BY source) AS occurrence
  FROM candidates
),
classified AS (
  SELECT
    source, object, user_id, item_id, "timestamp", event_type, streamed,
    CASE WHEN reason IS NULL AND occurrence > 1 THEN 'duplicate' ELSE reason END AS reason
  FROM ranked
)
