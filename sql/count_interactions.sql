-- The figures of a run date's table and CSV, one per row: rows in, rows left out by reason, rows, users and items. Rows that arrived
-- after the table was built count as `late`, so that rows in = rows of the table + rows left out.
WITH :classified_rows,
:csv_lines,
raw_figures AS (
  SELECT
    CASE WHEN grouping(reason) = 1 THEN 'rowsIn' WHEN reason IS NULL THEN 'leftOut.late' ELSE 'leftOut.' || reason END AS name,
    count(*) AS value
  FROM classified
  GROUP BY GROUPING SETS ((reason), ())
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
csv_figures AS (
  SELECT name, element_at(ARRAY[lines, users, bytes, repeat_users], n) AS value
  FROM csv_totals
  CROSS JOIN UNNEST(ARRAY['csv.rows', 'csv.users', 'csv.bytes', 'csv.repeatUsers']) WITH ORDINALITY AS names (name, n)
  UNION ALL
  SELECT 'csv.items', count(DISTINCT item_id) FROM csv_lines
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
