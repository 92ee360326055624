-- The hours of the rows of one relation, counted from 1970.
SELECT DISTINCT (extract(epoch FROM date_trunc('hour', t."event_time")) / 3600)::bigint
FROM {table} AS t
WHERE t."event_time" >= {first} AND t."event_time" < {end} AND t."chip_id" IS NOT NULL{condition}
