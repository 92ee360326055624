-- What the mart answers for each UTC day of a range. Sums of floats depend on the order of addition; the sum of their
-- bit patterns does not, and wraps in 64 bits.
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
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
GROUP BY date
ORDER BY date
