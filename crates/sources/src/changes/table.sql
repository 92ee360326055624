-- The table itself: what it is, what its rows are made of, which policies hide some, and what the account may read.
-- xmin is column -2. Columns are told by their number, name, type and collation: one that was dropped and added again is another.
SELECT
    c.oid,
    c.relkind::text,
    (
        SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.attcollation), ', ' ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid
          AND NOT a.attisdropped
          AND (a.attname IN ('chip_id', 'event_time', 'response_time_ms', 'battery_level', 'error_code', 'created_at')
              OR a.atttypid = 'xid8'::regtype)
    ),
    coalesce((
        SELECT string_agg(
            concat_ws(' ', p.polname, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid)), ', ' ORDER BY p.polname)
        FROM pg_policy AS p
        WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*') AND row_security_active(c.oid)
    ), ''),
    coalesce(has_column_privilege(c.oid, (-2)::smallint, 'SELECT'), false),
    current_setting('track_activities') = 'on'
        AND pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
