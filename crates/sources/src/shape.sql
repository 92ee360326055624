-- The columns of a table that the account may read, and the base type of each: a domain counts as what it is made of.
-- Names are compared as they are, so $1 and $2 need no quoting. Partitioned and plain tables have rows of their own; the
-- account may tell their places apart where it may read ctid (-1) and tableoid (-6). A collation is named where it calls texts
-- equal that are spelt differently. A policy is one that the account is subject to; role 0 is everybody.
WITH RECURSIVE relation AS (
    SELECT c.oid, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
based AS (
    SELECT a.attnum, a.attname, a.atttypid, a.attcollation
    FROM relation AS r
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT b.attnum, b.attname, t.typbasetype, b.attcollation
    FROM based AS b
    JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid AND t.typtype = 'd'
)
SELECT
    b.attname::text,
    t.typname::text,
    has_column_privilege(r.oid, b.attnum, 'SELECT'),
    CASE WHEN NOT l.collisdeterministic THEN format('%I.%I', ln.nspname, l.collname) END,
    r.relkind IN ('r', 'p', 'm')
        AND has_column_privilege(r.oid, (-1)::smallint, 'SELECT')
        AND has_column_privilege(r.oid, (-6)::smallint, 'SELECT'),
    CASE WHEN row_security_active(r.oid) THEN (
        SELECT array_agg(p.polname::text ORDER BY p.polname)
        FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = r.oid
          AND p.polcmd IN ('r', '*')
          AND EXISTS (
              SELECT FROM unnest(p.polroles) AS role
              WHERE CASE WHEN role = 0 THEN true ELSE pg_has_role(current_user, role, 'USAGE') END)
    ) END,
    row_security_active(r.oid),
    r.relkind = 'v',
    r.oid
FROM relation AS r
CROSS JOIN based AS b
JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = b.attcollation
LEFT JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
