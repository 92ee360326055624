-- The cells, or parts of cells, of intervals of chips: one lookup in the index on (chip_id, event_time) for
-- each.
SELECT i.chip::text AS chip, c.*
FROM unnest({chips}, {froms}, {tos}) AS i (chip, since, until)
CROSS JOIN LATERAL (
    SELECT {hour} AS hour, greatest({hour}, i.since) AS since, {measures}
    FROM {table} AS t
    WHERE {chip_is} AND {time} >= i.since AND {time} < i.until
    {group}
) AS c
WHERE c.movements > 0
