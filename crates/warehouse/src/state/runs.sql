-- The greatest version of any run, and the baseline of the newest run that saw everything: a completed load,
-- or an incremental run that found nothing new.
SELECT
    'runs' AS name,
    ifNull(max(etl_runs.version), 0) AS version,
    ifNull(
        argMaxIf(
            baseline,
            (etl_runs.version, at),
            baseline IS NOT NULL
                AND etl_runs.version IS NOT NULL
                AND ((step = 'load_to_clickhouse' AND state = 'done')
                    OR (step = 'extract_telemetry_data' AND state = 'skipped'))
        ),
        ''
    ) AS text
FROM etl_runs
