-- The time at which the first prepared transaction was prepared (it is open, belongs to no session, and its
-- start is not recorded), and the time up to which the server has the data. A standby that has replayed all
-- that it received is current as of its clock, even if nothing is written.
SELECT
    (SELECT (extract(epoch FROM min(prepared)) * 1000000)::bigint FROM pg_prepared_xacts WHERE database = current_database()),
    (extract(epoch FROM CASE
        WHEN NOT pg_is_in_recovery() THEN clock_timestamp()
        WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()
            THEN clock_timestamp()
        ELSE coalesce(pg_last_xact_replay_timestamp(), clock_timestamp())
    END) * 1000000)::bigint
