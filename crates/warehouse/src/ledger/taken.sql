-- How many entries other runs have at a version, of those that came to their load.
SELECT count()
FROM etl_runs
WHERE etl_runs.version = {version: UInt64}
    AND run != {run: String}
    AND run IN (SELECT run FROM etl_runs WHERE step = 'load_to_clickhouse')
