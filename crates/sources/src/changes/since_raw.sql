-- The same as since.sql with each chip as the bytes that the database holds, whatever they are.
SELECT
    {raw},
    (extract(epoch FROM date_trunc('hour', n.at)) / 3600)::bigint,
    count(*)
FROM ({rows}) AS n (chip, at)
WHERE n.at >= {first} AND n.at < {end} AND n.chip IS NOT NULL
GROUP BY 1, date_trunc('hour', n.at)
