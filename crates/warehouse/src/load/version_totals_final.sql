-- What a load's live rows add up to on each day, where a newer load may have replaced some of them.
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
FROM user_prosthesis_stats AS stats FINAL
WHERE date IN {days: Array(Date)} AND version = {version: UInt64}
GROUP BY date
ORDER BY date
