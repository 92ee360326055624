-- The cells of all chips in some hours. {measures} is measures.sql.
SELECT {chip}::text AS chip, {hour} AS hour, {hour} AS since, {measures}
FROM {table} AS t
WHERE {time} >= {from} AND {time} < {to}{left_out}
GROUP BY {group}
