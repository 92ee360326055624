-- The chips of an hour as the bytes that the database holds, with the number of their rows.
SELECT {raw}, count(*)
FROM {table} AS t
WHERE {time} >= {from} AND {time} < {to} AND {chip} IS NOT NULL
GROUP BY 1
