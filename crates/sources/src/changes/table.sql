-- Whether the rows of a table carry the number of the transaction that inserted them: they lie in ordinary tables.
SELECT
    c.relkind IN ('r', 'p'),
    c.relkind = 'p',
    EXISTS (
        SELECT FROM pg_partition_tree(c.oid) AS p JOIN pg_class AS l ON l.oid = p.relid WHERE l.relkind = 'f'
    ),
    c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),
    current_setting('track_activities') = 'on'
        AND pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
