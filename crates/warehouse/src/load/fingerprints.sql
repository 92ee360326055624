-- Sums over each UTC day that change if a row differs, or if the same values belong to other people. Computed
-- like Fingerprint::add; the sums of the squares cover the rows that have any.
SELECT
    date,
    sum(reinterpretAsUInt64(substring(SHA256(concatWithSeparator(':',
        toString(user_id),
        toString(prosthesis_id),
        toString(toUnixTimestamp(hour)),
        toString(movements_count),
        toString(error_count),
        toString(anomaly_count),
        toString(stats.response_count),
        toString(stats.battery_count),
        toString(reinterpretAsUInt64(response_sum)),
        toString(reinterpretAsUInt64(battery_sum)),
        ifNull(toString(reinterpretAsUInt32(stats.battery_min)), ''),
        ifNull(toString(reinterpretAsUInt32(stats.battery_last)), ''),
        chip_id
    )), 1, 8))) AS numbers,
    sumIf(reinterpretAsUInt64(substring(SHA256(concatWithSeparator(':',
        toString(user_id),
        toString(prosthesis_id),
        toString(toUnixTimestamp(hour)),
        ifNull(toString(reinterpretAsUInt64(response_squares)), ''),
        ifNull(toString(reinterpretAsUInt64(battery_squares)), '')
    )), 1, 8)), response_squares IS NOT NULL OR battery_squares IS NOT NULL) AS squares
FROM ({rows}) AS stats
GROUP BY date
