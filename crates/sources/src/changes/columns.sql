-- Columns of the table and its parts that may record when or by which transaction a row was inserted: their
-- type and default.
SELECT
    a.attrelid,
    a.attname::text,
    t.typname::text,
    pg_get_expr(d.adbin, d.adrelid),
    has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ({relations})
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND (t.typname = 'xid8' OR a.attname = 'created_at')
ORDER BY a.attnum
