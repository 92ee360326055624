-- The rows of each hour, counted up to the limit that matters.
SELECT r.rows
FROM unnest({hours}, {most}) WITH ORDINALITY AS h (hour, most, place)
CROSS JOIN LATERAL (
    SELECT count(*) AS rows
    FROM (
        SELECT FROM {table} AS t
        WHERE t."event_time" >= h.hour AND t."event_time" < h.hour + interval '1 hour'
        LIMIT h.most
    ) AS rows_of_hour
) AS r
ORDER BY h.place
