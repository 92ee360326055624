-- The first two columns of each usable B-tree index of the table; null for an expression.
SELECT
    (SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]),
    (SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[1])
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
WHERE n.nspname = $1
  AND c.relname = $2
  AND m.amname = 'btree'
  AND i.indisvalid
  AND i.indpred IS NULL
