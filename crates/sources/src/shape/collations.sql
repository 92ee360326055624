-- Those of some collations that call texts equal that are spelt differently.
SELECT l.oid, format('%I.%I', n.nspname, l.collname)
FROM pg_catalog.pg_collation AS l
JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
WHERE l.oid = ANY ({collations}) AND NOT l.collisdeterministic
