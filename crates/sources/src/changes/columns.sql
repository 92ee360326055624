-- Columns that may tell when or by whom a row was inserted: their type, default, and whether an index begins with them.
--
-- Rows may be inserted straight into a partition, so each must have the same default.
SELECT
    a.attname::text,
    t.typname::text,
    pg_get_expr(d.adbin, d.adrelid),
    EXISTS (
        SELECT FROM pg_index AS i
        JOIN pg_class AS x ON x.oid = i.indexrelid
        JOIN pg_am AS m ON m.oid = x.relam
        WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND m.amname = 'btree' AND i.indisvalid
          AND i.indpred IS NULL
    ),
    NOT EXISTS (
        SELECT FROM pg_partition_tree(c.oid) AS p
        LEFT JOIN pg_attribute AS pa ON pa.attrelid = p.relid AND pa.attname = a.attname AND NOT pa.attisdropped
        LEFT JOIN pg_attrdef AS pd ON pd.adrelid = p.relid AND pd.adnum = pa.attnum
        WHERE p.isleaf
          AND p.relid <> c.oid
          AND pg_get_expr(pd.adbin, pd.adrelid) IS DISTINCT FROM pg_get_expr(d.adbin, d.adrelid)
    )
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = $1
  AND c.relname = $2
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND (t.typname = 'xid8' OR a.attname = 'created_at')
ORDER BY a.attnum
