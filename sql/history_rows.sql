-- History. A function has described each object: how its lines are read, and its header. An object that arrived later has no
-- description: it counts in the next run.
history_objects AS (
  SELECT object, delimiter, column_count, user_position, item_position, time_position, type_position, header
  FROM :database."t100_dashboard_interaction_history_description"
  WHERE header IS NOT NULL
),
history_lines AS (
  SELECT line, "$path" AS object
  FROM :database."t100_dashboard_interaction_history"
  WHERE regexp_like(line, '[^ \t]')
),
-- A quoted line is read with its delimiter and the comma exchanged. A byte order mark may stand before a header: of a row, it is part.
history_cells AS (
  SELECT
    lines.line, described.*,
    CASE
      WHEN strpos(lines.line, '"') = 0 THEN split(lines.line, described.delimiter)
      ELSE regexp_extract_all(
        regexp_extract(
          translate(lines.line, ',' || described.delimiter, described.delimiter || ','),
          '\A(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*\z'
        ) || ',',
        '("(?:[^"]|"")*"|[^",]*),', 1
      )
    END AS cells
  FROM history_lines AS lines
  JOIN history_objects AS described ON described.object = lines.object
  WHERE CASE WHEN strpos(lines.line, chr(65279)) = 1 THEN substr(lines.line, 2) ELSE lines.line END
    NOT IN (SELECT header FROM history_objects)
),
history_fields AS (
  SELECT
    line, object, delimiter, column_count, user_position, item_position, time_position, type_position,
    CASE
      WHEN strpos(line, '"') = 0 THEN cells
      ELSE transform(
        cells,
        cell -> translate(
          CASE WHEN cell LIKE '"%' THEN replace(substr(cell, 2, length(cell) - 2), '""', '"') ELSE cell END,
          ',' || delimiter, delimiter || ','
        )
      )
    END AS fields
  FROM history_cells
),
history_values AS (
  SELECT
    line, object,
    coalesce(cardinality(fields), 0) = column_count AS well_formed,
    element_at(fields, user_position) AS user_id,
    element_at(fields, item_position) AS item_id,
    element_at(fields, time_position) AS time_text,
    CASE
      WHEN coalesce(contains(words, element_at(fields, type_position)), TRUE) THEN :default_event_type
      ELSE element_at(fields, type_position)
    END AS event_type
  FROM history_fields CROSS JOIN no_values
),
-- The lengths keep a number within the range of a double.
history_times AS (
  SELECT
    *,
    CASE
      WHEN regexp_like(time_text, '\A[0-9]{1,20}(?:[.]0{1,20})?\z') OR regexp_like(time_text, '\A[0-9]{1,20}(?:[.][0-9]{1,20})?[eE][+-]?[0-9]{1,2}\z')
        THEN CAST(time_text AS double)
    END AS time_number,
    regexp_extract(
      time_text,
      '\A(?:19[7-9]|[2-9][0-9][0-9])[0-9]-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):?[0-5][0-9]|14:?00))?)?\z'
    ) AS time_iso
  FROM history_values
),
history_parts AS (
  SELECT
    *,
    replace(regexp_extract(time_iso, '\A[0-9-]{10}(?:[T ][0-9:]{5,8})?'), ' ', 'T') AS time_local,
    regexp_extract(time_iso, ':.*([+-][0-9]{2}:?[0-9]{2})\z', 1) AS time_zone
  FROM history_times
),
history_seconds AS (
  SELECT
    *,
    CASE
      WHEN time_number <> floor(time_number) THEN NULL
      WHEN time_number >= 1E11 THEN floor(time_number / 1E3)
      WHEN time_number IS NOT NULL THEN time_number
      ELSE
        to_unixtime(try(from_iso8601_timestamp(time_local || substr('0000-00-00T00:00:00', length(time_local) + 1) || 'Z')))
        - CASE WHEN time_zone LIKE '-%' THEN -60 ELSE 60 END
          * coalesce(CAST(substr(time_zone, 2, 2) AS integer) * 60 + CAST(substr(time_zone, length(time_zone) - 1) AS integer), 0)
    END AS seconds
  FROM history_parts
),
history_moments AS (
  SELECT
    *,
    CASE WHEN seconds BETWEEN 1 AND to_unixtime(date_parse(:run_date, '%Y-%m-%d')) + 2 * 86400 THEN CAST(seconds AS bigint) END AS "timestamp"
  FROM history_seconds
),
history_rows AS (
  SELECT
    object, user_id, item_id, "timestamp", event_type,
    CASE
      WHEN strpos(line, chr(65533)) > 0 THEN 'badUtf8'
      WHEN NOT well_formed THEN 'malformedLine'
      WHEN length(user_id) > 256 OR NOT regexp_like(user_id, '\A[^\p{Cc}]+\z') OR contains(words, user_id) THEN 'badUserId'
      WHEN length(item_id) > 256 OR NOT regexp_like(item_id, '\A[^\p{Cc}]+\z') OR contains(words, item_id) THEN 'badItemId'
      WHEN "timestamp" IS NULL THEN 'badTimestamp'
      WHEN length(event_type) > 256 OR NOT regexp_like(event_type, '\A[^\p{Cc}]+\z') THEN 'badEventType'
      WHEN cardinality(:counted_types) > 0 AND NOT contains(:counted_types, event_type) THEN 'uncountedEventType'
      WHEN contains(:ignored_types, event_type) THEN 'uncountedEventType'
    END AS reason
  FROM history_moments CROSS JOIN no_values
)
