-- How fresh the mart is, and when it last heard from a run: a load that is done, or a tick that found nothing new.
SELECT
    (SELECT data_as_of FROM data_as_of) AS data_as_of,
    maxOrNull(at) AS received_at
FROM etl_runs
WHERE horizon IS NOT NULL
    AND ((step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped'))
