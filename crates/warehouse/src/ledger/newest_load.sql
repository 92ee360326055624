-- The entry of the newest load that has finished, successfully or not.
SELECT
    run, step, state, attempt, at, kind, form, range_from, range_to, version, snapshot, horizon, baseline, rows_read,
    cells, bytes, orphans, anomalies, tombstones, unreadable, notes, duration_ms, error_kind, error, hint
FROM etl_runs FINAL
WHERE step = 'load_to_clickhouse' AND state IN ('done', 'failed')
ORDER BY at DESC
LIMIT 1
