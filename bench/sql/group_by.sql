-- The bare aggregation that any form of this pipeline needs at the least: the floor that a full run is held
-- against. Runs on one connection with PostgreSQL's own defaults for parallel workers and memory.
SELECT chip_id,
       date_trunc('hour', event_time) AS hour,
       count(*)                       AS movements,
       avg(response_time_ms)          AS avg_response_time,
       avg(battery_level)             AS avg_battery_level,
       count(*) FILTER (WHERE error_code IS NOT NULL AND error_code <> '') AS errors
FROM telemetry.raw_telemetry
WHERE event_time >= %(start)s::timestamp AND event_time < %(end)s::timestamp
GROUP BY chip_id, date_trunc('hour', event_time)
