-- The server's identity, its start time and position, and whether the account sees all of its transactions.
SELECT
    pg_is_in_recovery(),
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint,
    -- The control file has the timeline of the last checkpoint; the name of a log file has the current one.
    CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
    has_function_privilege('pg_control_system()', 'EXECUTE')
        AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
        AND has_function_privilege('pg_control_recovery()', 'EXECUTE'),
    current_setting('track_activities') = 'on' AND pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    -- A copy of the data directory keeps the system identifier. A standby may be one of several behind a
    -- name.
    CASE WHEN NOT pg_is_in_recovery() THEN (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint END
