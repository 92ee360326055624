-- The columns of a table, the base type of each (a domain counts as its underlying type), and whether the
-- account may read it. Names are compared as they are, so $1 and $2 need no quoting. A row's place on disk is
-- ctid (-1) and tableoid (-6); xmin is -2.
WITH RECURSIVE relation AS (
    SELECT c.oid, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
based AS (
    SELECT a.attnum, a.attname, a.atttypid AS declared, a.attcollation, a.atttypid
    FROM relation AS r
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT b.attnum, b.attname, b.declared, b.attcollation, t.typbasetype
    FROM based AS b
    JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid AND t.typtype = 'd'
)
SELECT
    b.attname::text,
    t.typname::text,
    has_column_privilege(r.oid, b.attnum, 'SELECT'),
    b.attnum,
    b.declared,
    b.attcollation,
    r.oid,
    r.relkind::text,
    has_column_privilege(r.oid, (-1)::smallint, 'SELECT')
        AND has_column_privilege(r.oid, (-6)::smallint, 'SELECT'),
    coalesce(has_column_privilege(r.oid, (-2)::smallint, 'SELECT'), false),
    row_security_active(r.oid)
FROM relation AS r
CROSS JOIN based AS b
JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid AND t.typtype <> 'd'
ORDER BY b.attnum
