-- The freshness of the mart, and the time of the last run that counts: a completed load, or an incremental
-- run that found nothing new.
SELECT
    (SELECT data_as_of FROM data_as_of) AS data_as_of,
    maxOrNull(at) AS received_at
FROM etl_runs
WHERE horizon IS NOT NULL
    AND ((step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped'))
