-- Takes the snapshot, exports it, and marks the transaction as a reader of this program.
SELECT
    pg_export_snapshot(),
    pg_current_snapshot()::text,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    pg_advisory_xact_lock_shared({key})
