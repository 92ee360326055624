-- The entries of the newest runs.
--
-- begun: the time at which each of them began, newest first.
WITH begun AS (
    SELECT run AS id, min(at) AS began
    FROM etl_runs
    GROUP BY id
    ORDER BY began DESC, id DESC
    LIMIT {limit: UInt32}
)
SELECT
    run, step, state, attempt, at, kind, form, range_from, range_to, version, snapshot, horizon, baseline, rows_read,
    cells, bytes, orphans, anomalies, tombstones, unreadable, notes, duration_ms, error_kind, error, hint
FROM etl_runs FINAL
INNER JOIN begun ON begun.id = etl_runs.run
ORDER BY began DESC, run DESC, at, attempt, state != 'started', step
