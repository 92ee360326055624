-- The start of the oldest transaction that may still commit rows into this database, or now.
--
-- Other accounts' start times are visible to members of pg_read_all_stats only; a standby sees none of the
-- primary's. There the answer is the clock, which is what a full run needs: it reads every row it may see.
SELECT least(clock_timestamp(), min(began))
FROM (
    SELECT xact_start
    FROM pg_stat_activity
    WHERE datname = current_database()
      AND pid <> pg_backend_pid()
      AND backend_type NOT IN ('autovacuum worker', 'walsender')
    UNION ALL
    SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()
) AS open_transactions (began)
