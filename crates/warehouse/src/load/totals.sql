-- The totals of some rows of the mart, each counted once, per UTC day. Sums of floats depend on the order of
-- addition; the sum of their bit patterns does not, and wraps at 64 bits.
SELECT
    date,
    max(stats.version) AS newest_version,
    count() AS cells,
    sum(movements_count) AS movements,
    sum(error_count) AS errors,
    sum(anomaly_count) AS anomalies,
    sum(stats.response_count) AS response_count,
    sum(stats.battery_count) AS battery_count,
    sum(reinterpretAsUInt64(response_sum)) AS response_sum_bits,
    sum(reinterpretAsUInt64(battery_sum)) AS battery_sum_bits,
    sum(ifNull(reinterpretAsUInt64(response_squares), 0)) AS response_squares_bits,
    sum(ifNull(reinterpretAsUInt64(battery_squares), 0)) AS battery_squares_bits,
    sum(toUInt64(ifNull(reinterpretAsUInt32(battery_min), 0))) AS battery_min_bits,
    sum(toUInt64(ifNull(reinterpretAsUInt32(battery_last), 0))) AS battery_last_bits
FROM ({rows}) AS stats
GROUP BY date
ORDER BY date
