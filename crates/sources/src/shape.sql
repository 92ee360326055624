-- The columns of a table and the base type of each: a domain counts as what it is made of.
-- Names are compared as they are, so $1 and $2 need no quoting. Partitioned and plain tables have rows of their own.
WITH RECURSIVE columns AS (
    SELECT a.attname, a.atttypid, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
    WHERE n.nspname = $1
      AND c.relname = $2
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND a.attnum > 0
      AND NOT a.attisdropped
),
based AS (
    SELECT attname, atttypid, relkind FROM columns
    UNION ALL
    SELECT b.attname, t.typbasetype, b.relkind
    FROM based AS b
    JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid AND t.typtype = 'd'
)
SELECT b.attname::text, t.typname::text, b.relkind IN ('r', 'p', 'm')
FROM based AS b
JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid AND t.typtype <> 'd'
