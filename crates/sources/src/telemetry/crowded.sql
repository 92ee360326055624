-- For each hour: its rows, up to the most that matter; and of some of them, on how many pages they lie.
SELECT
    (
        SELECT count(*)
        FROM (
            SELECT FROM {table} AS t
            WHERE t."event_time" >= h.hour AND t."event_time" < h.hour + interval '1 hour'
            LIMIT h.most
        ) AS rows_of_hour
    ),
    s.sampled,
    s.pages
FROM unnest({hours}, {most}) WITH ORDINALITY AS h (hour, most, place)
CROSS JOIN LATERAL (
    SELECT count(*) AS sampled, count(DISTINCT (source, (place::text::point)[0])) AS pages
    FROM (
        SELECT t.tableoid AS source, t.ctid AS place
        FROM {table} AS t
        WHERE t."event_time" >= h.hour AND t."event_time" < h.hour + interval '1 hour'
        LIMIT 500
    ) AS sample
) AS s
ORDER BY h.place
