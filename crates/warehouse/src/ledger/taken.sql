-- The number of entries that other runs have at a version, counting only runs that reached their load.
SELECT count()
FROM etl_runs
WHERE etl_runs.version = {version: UInt64}
    AND run != {run: String}
    AND run IN (SELECT run FROM etl_runs WHERE step = 'load_to_clickhouse')
