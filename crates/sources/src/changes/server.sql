-- Which server this is, how far it has come, and which table is read.
SELECT
    pg_is_in_recovery(),
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint,
    -- The control file says the timeline of the last checkpoint; the name of a log file that of now.
    CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
    has_function_privilege('pg_control_system()', 'EXECUTE')
        AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
        AND has_function_privilege('pg_control_recovery()', 'EXECUTE'),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    c.oid
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
