-- Rows that no run can put into a report, by reason. Infinite instants compare like very distant ones.
SELECT
    count(*) FILTER (WHERE t."event_time" < {first}),
    count(*) FILTER (WHERE t."event_time" >= {end}),
    count(*) FILTER (WHERE t."event_time" >= {future} AND t."event_time" < {end}),
    count(*) FILTER (WHERE t."event_time" IS NULL)
FROM {table} AS t
WHERE t."event_time" < {first} OR t."event_time" >= {future} OR t."event_time" IS NULL
