-- Rows with a chip on each UTC day of a range, by days since 1970.
SELECT {day} - date '1970-01-01', count(*)
FROM {table} AS t
WHERE t."event_time" >= {from} AND t."event_time" < {to} AND t."chip_id" IS NOT NULL
GROUP BY 1
