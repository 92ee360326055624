-- What runs have left behind, a line for each name. The first four are marks; their missing lines count as 0.
SELECT toString(name) AS name, max(marks.version) AS version, '' AS text
FROM marks
GROUP BY name
UNION ALL
SELECT 'ranges' AS name, max(loaded_ranges.version) AS version, '' AS text
FROM loaded_ranges
UNION ALL
SELECT 'pending' AS name, max(pending_owners.version) AS version, '' AS text
FROM pending_owners
UNION ALL
-- The greatest version that a run has planned, and the baseline of the newest run that saw everything: a load that ended
-- well, or a tick that found nothing new.
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
