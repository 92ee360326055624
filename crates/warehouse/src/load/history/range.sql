-- The version with which the history began, and the first and the newest version of an incremental or full
-- run; 0 if none.
SELECT
    ifNull((SELECT max(version) FROM marks WHERE name = {name: String}), 0) AS begun,
    ifNull(min(etl_runs.version), 0) AS first,
    ifNull(max(etl_runs.version), 0) AS newest
FROM etl_runs
WHERE kind IN ('tick', 'full')
    AND ((step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped'))
