-- Events, by the same rules as in the forwarder. A line with U+FFFD had bytes that are not UTF-8. JSON text may escape half of a
-- surrogate pair, which a varchar cannot hold: it is replaced by NUL, so that the line can be parsed and the id is still bad.
event_lines AS (
  SELECT
    "$path" AS object, datehour, strpos(line, chr(65533)) > 0 AS broken,
    CASE
      WHEN regexp_like(line, '\\u[dD][89a-fA-F]') THEN regexp_replace(
        regexp_replace(
          replace(line, '\\', '\u005c'),
          '(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '$1\\u0000'
        ),
        '(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})\\u0000', '$1'
      )
      ELSE line
    END AS text
  FROM :database."t100_dashboard_interaction_event"
  WHERE datehour <= :last_hour AND regexp_like(line, '[^ \t]')
),
-- Parsed as an array of one element, because json_parse may ignore text after a value.
event_documents AS (
  SELECT
    object, datehour, broken,
    CASE WHEN NOT broken THEN try_cast(try(json_parse('[' || text || ']')) AS array(json)) END AS documents
  FROM event_lines
),
event_members AS (
  SELECT *, try_cast(element_at(documents, 1) AS map(varchar, json)) AS members FROM event_documents
),
event_senders AS (
  SELECT
    *,
    nullif(json_format(element_at(members, 'user_id')), 'null') AS user_json,
    nullif(json_format(element_at(members, 'session_id')), 'null') AS session_json,
    try_cast(element_at(members, 'event_list') AS array(json)) AS events,
    transform(
      filter(
        map_keys(members),
        name -> name NOT IN ('user_id', 'session_id', 'event_list') AND json_format(element_at(members, name)) <> 'null'
      ),
      name -> lower(regexp_replace(name, '[_-]'))
    ) AS other_names
  FROM event_members
),
event_sender_ids AS (
  SELECT
    *,
    CASE WHEN user_json LIKE '"%' THEN json_extract_scalar(user_json, '$') END AS user_id,
    CASE WHEN session_json LIKE '"%' THEN json_extract_scalar(session_json, '$') END AS session_id
  FROM event_senders
),
event_envelopes AS (
  SELECT
    object, datehour, user_id, events,
    CASE
      WHEN broken THEN 'badUtf8'
      WHEN coalesce(cardinality(documents), 0) <> 1 THEN 'badJson'
      WHEN members IS NULL THEN 'notAnObject'
      WHEN user_json IS NULL AND contains(other_names, 'userid') THEN 'misspeltMember'
      WHEN session_json IS NULL AND contains(other_names, 'sessionid') THEN 'misspeltMember'
      WHEN coalesce(json_format(element_at(members, 'event_list')), 'null') = 'null' AND contains(other_names, 'eventlist')
        THEN 'misspeltMember'
      WHEN user_json IS NOT NULL
        AND NOT coalesce(length(user_id) <= 256 AND regexp_like(user_id, '\A[^\p{Cc}]+\z') AND NOT contains(words, user_id), FALSE) THEN 'badUserId'
      WHEN NOT coalesce(length(session_id) <= 256 AND regexp_like(session_id, '\A[^\p{Cc}]+\z') AND NOT contains(words, session_id), FALSE) THEN 'badSessionId'
      WHEN coalesce(cardinality(events), 0) = 0 THEN 'badEventList'
    END AS line_reason
  FROM event_sender_ids CROSS JOIN no_values
),
event_objects AS (
  SELECT object, datehour, user_id, line_reason, try_cast(event AS map(varchar, json)) AS members
  FROM event_envelopes
  CROSS JOIN UNNEST(CASE WHEN line_reason IS NULL THEN events ELSE ARRAY[CAST(NULL AS json)] END) AS listed (event)
),
-- A member whose name is a known one but for case, "_" or "-" is misspelt where the known one is absent.
event_names AS (
  SELECT
    *,
    transform(
      filter(
        map_keys(members),
        name -> name NOT IN (
          'eventType', 'sentAt', 'itemId', 'eventId', 'eventValue', 'properties', 'impression', 'recommendationId', 'metricAttribution'
        ) AND json_format(element_at(members, name)) <> 'null'
      ),
      name -> lower(regexp_replace(name, '[_-]'))
    ) AS other_names
  FROM event_objects
),
-- An item or a value among the properties counts where the event has none of its own. The text of properties may escape halves of
-- surrogate pairs, too.
event_properties AS (
  SELECT
    *,
    CASE
      WHEN cardinality(other_names) > 0 THEN cardinality(filter(
        ARRAY['eventType', 'sentAt', 'itemId', 'eventId', 'eventValue', 'properties', 'impression', 'recommendationId', 'metricAttribution'],
        name -> contains(other_names, lower(name)) AND coalesce(json_format(element_at(members, name)), 'null') = 'null'
      )) > 0
    END AS misspelt,
    CASE
      WHEN json_format(element_at(members, 'properties')) LIKE '"%' THEN json_extract_scalar(element_at(members, 'properties'), '$')
      ELSE nullif(json_format(element_at(members, 'properties')), 'null')
    END AS properties
  FROM event_names
),
event_property_texts AS (
  SELECT
    *,
    CASE
      WHEN length(properties) > 1024 THEN NULL
      WHEN regexp_like(properties, '\\u[dD][89a-fA-F]') THEN regexp_replace(
        regexp_replace(
          replace(properties, '\\', '\u005c'),
          '(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '$1\\u0000'
        ),
        '(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})\\u0000', '$1'
      )
      ELSE properties
    END AS properties_text
  FROM event_properties
),
event_property_documents AS (
  SELECT *, try_cast(try(json_parse('[' || properties_text || ']')) AS array(json)) AS property_documents
  FROM event_property_texts
),
event_property_members AS (
  SELECT
    *,
    CASE WHEN cardinality(property_documents) = 1 THEN try_cast(element_at(property_documents, 1) AS map(varchar, json)) END
      AS properties_members
  FROM event_property_documents
),
event_texts AS (
  SELECT
    *,
    nullif(json_format(element_at(members, 'eventType')), 'null') AS type_json,
    nullif(json_format(element_at(members, 'sentAt')), 'null') AS sent_json,
    coalesce(
      nullif(json_format(element_at(members, 'itemId')), 'null'),
      nullif(json_format(element_at(properties_members, 'itemId')), 'null')
    ) AS item_json,
    nullif(json_format(element_at(members, 'eventId')), 'null') AS id_json,
    coalesce(
      nullif(json_format(element_at(members, 'eventValue')), 'null'),
      regexp_extract(
        json_format(element_at(properties_members, 'eventValue')),
        '\A"(-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?)"\z',
        1
      ),
      nullif(json_format(element_at(properties_members, 'eventValue')), 'null')
    ) AS value_json,
    nullif(json_format(element_at(members, 'impression')), 'null') AS impression_json,
    nullif(json_format(element_at(members, 'recommendationId')), 'null') AS recommendation_json,
    nullif(json_format(element_at(members, 'metricAttribution')), 'null') AS attribution_json,
    json_format(element_at(try_cast(element_at(members, 'metricAttribution') AS map(varchar, json)), 'eventAttributionSource')) AS source_json
  FROM event_property_members
),
event_values AS (
  SELECT
    *,
    CASE WHEN type_json LIKE '"%' THEN json_extract_scalar(type_json, '$') END AS event_type,
    CASE WHEN item_json LIKE '"%' THEN json_extract_scalar(item_json, '$') END AS item_id,
    CASE WHEN id_json LIKE '"%' THEN json_extract_scalar(id_json, '$') END AS event_id,
    CASE WHEN recommendation_json LIKE '"%' THEN json_extract_scalar(recommendation_json, '$') END AS recommendation_id,
    CASE WHEN source_json LIKE '"%' THEN json_extract_scalar(source_json, '$') END AS attribution_source,
    transform(
      try_cast(element_at(members, 'impression') AS array(json)),
      shown -> CASE WHEN json_format(shown) LIKE '"%' THEN json_extract_scalar(shown, '$') END
    ) AS impression,
    CASE WHEN regexp_like(sent_json, '\A-?[0-9]') THEN CAST(sent_json AS double) END AS sent_number,
    regexp_extract(
      json_extract_scalar(sent_json, '$'),
      '\A(?:19[7-9]|[2-9][0-9][0-9])[0-9]-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):?[0-5][0-9]|14:?00))?)?\z'
    ) AS sent_iso
  FROM event_texts
),
event_parts AS (
  SELECT
    *,
    replace(regexp_extract(sent_iso, '\A[0-9-]{10}(?:[T ][0-9:]{5,8})?'), ' ', 'T') AS sent_local,
    regexp_extract(sent_iso, '[T ].*([+-][0-9]{2}:?[0-9]{2})\z', 1) AS sent_zone
  FROM event_values
),
event_seconds AS (
  SELECT
    *,
    CASE
      WHEN sent_number >= 1E11 THEN floor(sent_number / 1E3)
      WHEN sent_number IS NOT NULL THEN floor(sent_number)
      ELSE
        to_unixtime(try(from_iso8601_timestamp(sent_local || substr('0000-00-00T00:00:00', length(sent_local) + 1) || 'Z')))
        - CASE WHEN sent_zone LIKE '-%' THEN -60 ELSE 60 END
          * coalesce(CAST(substr(sent_zone, 2, 2) AS integer) * 60 + CAST(substr(sent_zone, length(sent_zone) - 1) AS integer), 0)
    END AS sent_seconds,
    to_unixtime(date_parse(datehour, '%Y/%m/%d/%H')) AS arrived_seconds
  FROM event_parts
),
event_times AS (
  SELECT *, CASE WHEN sent_seconds BETWEEN 1 AND arrived_seconds + 86400 THEN CAST(sent_seconds AS bigint) END AS "timestamp"
  FROM event_seconds
),
-- 3.4028235677973366E38 is the smallest double above the range of a 32-bit float. The size of an event is that of the JSON that the
-- forwarder sends.
event_verdicts AS (
  SELECT
    object, datehour, user_id, item_id, "timestamp", event_type, event_id,
    CASE
      WHEN line_reason IS NOT NULL THEN line_reason
      WHEN members IS NULL THEN 'badEvent'
      WHEN misspelt THEN 'misspeltMember'
      WHEN NOT coalesce(length(event_type) <= 256 AND regexp_like(event_type, '\A[^\p{Cc}]+\z') AND NOT contains(words, event_type), FALSE) THEN 'badEventType'
      WHEN "timestamp" IS NULL THEN 'badSentAt'
      WHEN item_json IS NOT NULL
        AND NOT coalesce(length(item_id) <= 256 AND regexp_like(item_id, '\A[^\p{Cc}]+\z') AND NOT contains(words, item_id), FALSE) THEN 'badItemId'
      WHEN id_json IS NOT NULL
        AND NOT coalesce(length(event_id) <= 256 AND regexp_like(event_id, '\A[^\p{Cc}]+\z') AND NOT contains(words, event_id), FALSE) THEN 'badEventId'
      WHEN NOT regexp_like(value_json, '\A-?[0-9]') THEN 'badEventValue'
      WHEN abs(CAST(value_json AS double)) >= 3.4028235677973366E38 THEN 'badEventValue'
      WHEN properties IS NOT NULL AND properties_members IS NULL THEN 'badProperties'
      WHEN cardinality(filter(
        map_keys(properties_members),
        name -> lower(name) IN ('userid', 'sessionid', 'eventtype', 'timestamp', 'recommendationid', 'impression')
      )) > 0 THEN 'badProperties'
      WHEN impression_json IS NOT NULL AND (
        coalesce(cardinality(impression), 0) NOT BETWEEN 1 AND 25
        OR cardinality(filter(impression, id -> length(id) <= 256 AND regexp_like(id, '\A[^\p{Cc}]+\z') AND NOT contains(words, id)))
          < cardinality(impression)
      ) THEN 'badImpression'
      WHEN recommendation_json IS NOT NULL
        AND NOT coalesce(length(recommendation_id) <= 40 AND regexp_like(recommendation_id, '\A[^\p{Cc}]+\z') AND NOT contains(words, recommendation_id), FALSE)
        THEN 'badRecommendationId'
      WHEN attribution_json IS NOT NULL
        AND NOT coalesce(length(attribution_source) <= 1024 AND regexp_like(attribution_source, '\A[^\p{Cc}]+\z') AND NOT contains(words, attribution_source), FALSE)
        THEN 'badMetricAttribution'
      WHEN coalesce(length(to_utf8(event_id)), 64) + length(to_utf8(
        '{"eventType":' || type_json || ',"sentAt":' || CAST("timestamp" AS varchar)
          || coalesce(',"itemId":' || item_json, '')
          || coalesce(',"eventValue":' || value_json, '')
          || coalesce(',"properties":' || json_format(CAST(properties AS json)), '')
          || coalesce(',"impression":' || impression_json, '')
          || coalesce(',"recommendationId":' || recommendation_json, '')
          || coalesce(',"metricAttribution":{"eventAttributionSource":' || source_json || '}', '')
          || '}'
      )) > 10240 THEN 'eventTooLarge'
      WHEN user_id IS NULL THEN 'anonymous'
      WHEN item_id IS NULL THEN 'noItem'
      WHEN cardinality(:counted_types) > 0 AND NOT contains(:counted_types, event_type) THEN 'uncountedEventType'
      WHEN contains(:ignored_types, event_type) THEN 'uncountedEventType'
    END AS reason
  FROM event_times CROSS JOIN no_values
),
-- Of the events with the same eventId of the producer, the earliest counts. Partitioning by object spreads the rows without an
-- eventId, or with a reason, over the workers.
event_rows AS (
  SELECT
    object, user_id, item_id, "timestamp", event_type,
    CASE
      WHEN reason IS NULL AND event_id IS NOT NULL AND row_number() OVER (
        PARTITION BY reason, event_id, CASE WHEN reason IS NOT NULL OR event_id IS NULL THEN object END
        ORDER BY datehour, user_id, item_id, "timestamp", event_type
      ) > 1 THEN 'duplicate'
      ELSE reason
    END AS reason
  FROM event_verdicts
)
