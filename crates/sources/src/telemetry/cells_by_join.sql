-- The same as cells_of_chips.sql without that index: the rows from the first instant to the last, joined with
-- the intervals.
SELECT i.chip::text AS chip, {hour} AS hour, greatest({hour}, i.since) AS since, {measures}
FROM unnest({chips}, {froms}, {tos}) AS i (chip, since, until)
JOIN {table} AS t ON {chip_is} AND {time} >= i.since AND {time} < i.until
WHERE {time} >= {from} AND {time} < {to}
GROUP BY i.chip, i.since, {hour}
