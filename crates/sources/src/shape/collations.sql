-- Those of the given collations that treat differently spelt texts as equal.
SELECT l.oid, format('%I.%I', n.nspname, l.collname)
FROM pg_catalog.pg_collation AS l
JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
WHERE l.oid = ANY ({collations}) AND NOT l.collisdeterministic
