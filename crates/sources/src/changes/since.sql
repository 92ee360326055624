-- The cells of new rows. {rows} selects chip_id and event_time of the new rows. The hour is counted from
-- 1970; rows that no cell can hold are left out.
SELECT n.chip::text, (extract(epoch FROM date_trunc('hour', n.at)) / 3600)::bigint, count(*)
FROM ({rows}) AS n (chip, at)
WHERE n.at >= {first} AND n.at < {end} AND n.chip IS NOT NULL
GROUP BY n.chip, date_trunc('hour', n.at)
