-- What a load's live rows add up to on each day, where nothing newer was written on these days: without FINAL, so that
-- the index on the version is used. A load that was repeated has written a row twice; it counts once.
SELECT
    date,
    count() AS cells,
    sum(movements_count) AS movements,
    sum(error_count) AS errors,
    sum(anomaly_count) AS anomalies,
    sum(stats.response_count) AS response_count,
    sum(stats.battery_count) AS battery_count,
    sum(reinterpretAsUInt64(response_sum)) AS response_sum_bits,
    sum(reinterpretAsUInt64(battery_sum)) AS battery_sum_bits
FROM
(
    SELECT
        date, movements_count, error_count, anomaly_count, response_count, battery_count, response_sum, battery_sum
    FROM user_prosthesis_stats
    WHERE date IN {days: Array(Date)} AND version = {version: UInt64} AND is_deleted = 0
    LIMIT 1 BY user_id, date, hour, prosthesis_id
) AS stats
GROUP BY date
ORDER BY date
