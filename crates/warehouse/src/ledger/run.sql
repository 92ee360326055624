-- The entries of one run.
SELECT
    run, step, state, attempt, at, kind, form, range_from, range_to, version, snapshot, horizon, baseline, rows_read,
    cells, bytes, orphans, anomalies, tombstones, unreadable, notes, duration_ms, error_kind, error, hint
FROM etl_runs FINAL
WHERE run = {run: String}
ORDER BY at, attempt, state != 'started', step
