-- The expected rows of the mart, by plain SQL: slow, obvious, and unlike the pipeline's own query.
WITH owners (chip_id, valid_from, valid_to, user_id, prosthesis_id) AS (
    -- The ownership intervals, as the test has set them.
    VALUES {owners}
), people (user_id, name) AS (
    VALUES {people}
)
SELECT concat_ws(
    ' ', user_id, prosthesis_id, chip_id, to_char(event_time, 'YYYY-MM-DD HH24'), count(*),
    count(*) FILTER (WHERE error_code <> ''),
    count(response_time_ms), coalesce(sum(response_time_ms), 0), coalesce(sum(response_time_ms::bigint * response_time_ms), 0),
    count(battery_level), coalesce(sum(battery_level::integer), 0), coalesce(sum(battery_level::bigint * battery_level::bigint), 0), coalesce(min(battery_level)::text, '-'),
    coalesce(
        (array_agg(battery_level ORDER BY event_time DESC, battery_level DESC)
            FILTER (WHERE battery_level IS NOT NULL))[1]::text,
        '-'
    ),
    name
)
FROM telemetry.raw_telemetry
JOIN owners USING (chip_id)
JOIN people USING (user_id)
WHERE event_time >= valid_from AND event_time < valid_to
GROUP BY user_id, prosthesis_id, chip_id, to_char(event_time, 'YYYY-MM-DD HH24'), name
