-- The figures of a run date's table and CSV, one per row: rows in, rows left out by reason, rows, users and items. Rows that arrived
-- after the table was built count as `late`, so that rows in = rows of the table + rows left out. `bad.<reason>.<object>` are the bad rows
-- of the ten objects with the most.
WITH :classified_rows,
:csv_lines,
-- One pass over the rows: all of them (level 3), by reason (level 2), and by object and reason (level 0).
raw_tallies AS (
  SELECT grouping(object, reason) AS level, object, reason, count(*) AS value
  FROM classified
  GROUP BY GROUPING SETS ((), (reason), (object, reason))
),
object_tallies AS (
  SELECT level, object, reason, value, sum(value) OVER (PARTITION BY level, object) AS rows_of_object
  FROM raw_tallies
  WHERE level > 0 OR (object IS NOT NULL AND NOT contains(:harmless_reasons, reason))
),
ranked_tallies AS (
  SELECT level, object, reason, value, dense_rank() OVER (PARTITION BY level ORDER BY rows_of_object DESC, object) AS place
  FROM object_tallies
),
raw_figures AS (
  SELECT
    CASE
      WHEN level = 3 THEN 'rowsIn'
      WHEN level = 0 THEN 'bad.' || reason || '.' || object
      WHEN reason IS NULL THEN 'leftOut.late'
      ELSE 'leftOut.' || reason
    END AS name,
    value
  FROM ranked_tallies
  WHERE level > 0 OR place <= 10
),
table_totals AS (
  SELECT count(*) AS lines, count(DISTINCT user_id) AS users, count(DISTINCT item_id) AS items
  FROM :database."t200_dashboard_interaction"
  WHERE dt = :run_date
),
table_figures AS (
  SELECT name, element_at(ARRAY[lines, users, items], n) AS value
  FROM table_totals
  CROSS JOIN UNNEST(ARRAY['table.rows', 'table.users', 'table.items']) WITH ORDINALITY AS names (name, n)
),
csv_users AS (
  SELECT user_id, count(*) AS lines, sum(length(to_utf8(line)) + 1) AS bytes
  FROM csv_lines
  GROUP BY user_id
),
csv_totals AS (
  SELECT
    coalesce(sum(lines), 0) AS lines,
    count(*) AS users,
    coalesce(sum(bytes), 0) AS bytes,
    count(*) FILTER (WHERE lines >= 2) AS repeat_users
  FROM csv_users
),
csv_values AS (
  SELECT count(DISTINCT item_id) AS items, count(DISTINCT event_type) AS event_types FROM csv_lines
),
csv_figures AS (
  SELECT name, element_at(ARRAY[lines, users, bytes, repeat_users], n) AS value
  FROM csv_totals
  CROSS JOIN UNNEST(ARRAY['csv.rows', 'csv.users', 'csv.bytes', 'csv.repeatUsers']) WITH ORDINALITY AS names (name, n)
  UNION ALL
  SELECT name, element_at(ARRAY[items, event_types], n) AS value
  FROM csv_values
  CROSS JOIN UNNEST(ARRAY['csv.items', 'csv.eventTypes']) WITH ORDINALITY AS names (name, n)
),
figures AS (
  SELECT name, value FROM raw_figures
  UNION ALL
  SELECT name, value FROM table_figures
  UNION ALL
  SELECT name, value FROM csv_figures
),
settled AS (
  SELECT
    name,
    CASE WHEN name = 'leftOut.late' THEN value - max(CASE WHEN name = 'table.rows' THEN value END) OVER () ELSE value END AS value
  FROM figures
)
SELECT name, CAST(value AS bigint) AS value
FROM settled
WHERE value > 0 OR name NOT LIKE 'leftOut.%'
ORDER BY name
