-- The oldest open transaction of this database, and up to when the server has the data.
--
-- Other accounts' start times are visible to members of pg_read_all_stats only; a standby sees none of the
-- primary's. This program's own sessions only read, so they hold nothing back.
WITH others AS MATERIALIZED (
    SELECT pid, application_name, xact_start, state
    FROM pg_stat_activity
    WHERE datname = current_database()
      AND pid <> pg_backend_pid()
      AND backend_type NOT IN ('autovacuum worker', 'walsender')
      AND NOT (usename = current_user AND application_name = current_setting('application_name'))
),
oldest AS (
    SELECT pid, application_name, xact_start FROM others WHERE xact_start IS NOT NULL ORDER BY xact_start LIMIT 1
)
SELECT
    oldest.xact_start,
    oldest.pid,
    coalesce(oldest.application_name, ''),
    EXISTS (SELECT FROM others WHERE state = 'disabled'),
    -- A standby that has replayed all that it receives is as fresh as its clock, also when nothing is written.
    CASE
        WHEN NOT pg_is_in_recovery() THEN clock_timestamp()
        WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()
            THEN clock_timestamp()
        ELSE coalesce(pg_last_xact_replay_timestamp(), clock_timestamp())
    END
FROM (VALUES (true)) AS always (one) LEFT JOIN oldest ON always.one
