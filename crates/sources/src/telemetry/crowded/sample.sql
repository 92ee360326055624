-- For the first and last rows of each hour: the number of pages that hold them, and their chips.
SELECT
    s.pages,
    s.chips
FROM unnest({hours}) WITH ORDINALITY AS h (hour, place)
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT (source, (place::text::point)[0])) AS pages,
        array_agg(chip) AS chips
    FROM (
        (
            SELECT t.tableoid AS source, t.ctid AS place, t."chip_id"::text AS chip
            FROM {table} AS t
            WHERE t."event_time" >= h.hour AND t."event_time" < h.hour + interval '1 hour'
            ORDER BY t."event_time"
            LIMIT 100
        )
        UNION
        (
            SELECT t.tableoid AS source, t.ctid AS place, t."chip_id"::text AS chip
            FROM {table} AS t
            WHERE t."event_time" >= h.hour AND t."event_time" < h.hour + interval '1 hour'
            ORDER BY t."event_time" DESC
            LIMIT 100
        )
    ) AS sample
) AS s
ORDER BY h.place
