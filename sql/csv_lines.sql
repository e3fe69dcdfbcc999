-- The interactions of the run date as RFC 4180 lines; only values with a comma or a quote are quoted.
csv_lines AS (
  SELECT
    CASE WHEN regexp_like(user_id, '[",]') THEN '"' || replace(user_id, '"', '""') || '"' ELSE user_id END
      || ',' || CASE WHEN regexp_like(item_id, '[",]') THEN '"' || replace(item_id, '"', '""') || '"' ELSE item_id END
      || ',' || CAST("timestamp" AS varchar)
      || CASE
        WHEN NOT :with_event_type THEN ''
        WHEN regexp_like(event_type, '[",]') THEN ',"' || replace(event_type, '"', '""') || '"'
        ELSE ',' || event_type
      END AS line,
    user_id,
    item_id,
    CASE WHEN :with_event_type THEN event_type END AS event_type
  FROM :database."t200_dashboard_interaction"
  WHERE dt = :run_date AND NOT (:without_streamed AND streamed)
)
