-- The table and all that inherits from it, with the file of each and how it was attached to the tree: the
-- numbers of the transactions that attached it and its ancestors, which change after a detachment. Last,
-- whether the account may read the part directly, and all of it.
WITH RECURSIVE tree AS (
    SELECT c.oid AS relid, '' AS joined
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
    UNION ALL
    SELECT i.inhrelid, concat_ws('.', nullif(t.joined, ''), i.xmin)
    FROM tree AS t
    JOIN pg_inherits AS i ON i.inhparent = t.relid
)
SELECT
    c.oid,
    c.relkind::text,
    coalesce(pg_relation_filenode(c.oid), 0::oid),
    string_agg(t.joined, ' ' ORDER BY t.joined),
    format('%I.%I', n.nspname, c.relname),
    has_table_privilege(c.oid, 'SELECT')
        AND has_schema_privilege(n.oid, 'USAGE')
        AND NOT row_security_active(c.oid)
FROM tree AS t
JOIN pg_class AS c ON c.oid = t.relid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
GROUP BY c.oid, n.oid, n.nspname, c.relname
ORDER BY c.oid
