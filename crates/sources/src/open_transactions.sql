-- The open transactions of this database, and the sessions that hide theirs.
--
-- Other accounts' start times are visible to members of pg_read_all_stats only; a standby sees none of the
-- primary's.
SELECT
    pid,
    coalesce(application_name, ''),
    (extract(epoch FROM xact_start) * 1000000)::bigint,
    state IS NOT DISTINCT FROM 'disabled'
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND backend_type NOT IN ('autovacuum worker', 'walsender')
  AND (xact_start IS NOT NULL OR state = 'disabled')
