-- The entries of one run.
SELECT
    run, step, state, attempt, at, range_from, range_to, version, snapshot, horizon, rows_read, cells, bytes,
    orphans, anomalies, tombstones, duration_ms, error_kind, error
FROM etl_runs FINAL
WHERE run = {run: String}
ORDER BY at, attempt, state != 'started', step
