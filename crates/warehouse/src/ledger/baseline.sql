-- The baseline of the newest run that saw everything: a load that ended well, or a tick that found nothing new.
SELECT assumeNotNull(baseline) AS text
FROM etl_runs
WHERE baseline IS NOT NULL
    AND version IS NOT NULL
    AND ((step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped'))
ORDER BY version DESC, at DESC
LIMIT 1
