-- The ranges that the runs of a backfill have loaded.
SELECT DISTINCT assumeNotNull(range_from) AS range_from, assumeNotNull(range_to) AS range_to
FROM etl_runs FINAL
WHERE startsWith(run, concat({run: String}, '.'))
    AND step = 'load_to_clickhouse'
    AND state = 'done'
    AND etl_runs.range_from IS NOT NULL
    AND etl_runs.range_to IS NOT NULL
ORDER BY range_from
