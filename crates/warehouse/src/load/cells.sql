-- Some rows of the mart on one day, ordered by person, hour and prosthesis.
SELECT
    user_id,
    prosthesis_id,
    chip_id,
    hour,
    movements_count AS movements,
    error_count AS errors,
    anomaly_count AS anomalies,
    stats.response_count AS response_count,
    stats.battery_count AS battery_count,
    reinterpretAsUInt64(response_sum) AS response_sum_bits,
    reinterpretAsUInt64(battery_sum) AS battery_sum_bits,
    reinterpretAsUInt64(stats.response_squares) AS response_squares_bits,
    reinterpretAsUInt64(stats.battery_squares) AS battery_squares_bits,
    reinterpretAsUInt32(stats.battery_min) AS battery_min_bits,
    reinterpretAsUInt32(stats.battery_last) AS battery_last_bits
FROM ({rows}) AS stats
WHERE date = {date: Date}
ORDER BY user_id, hour, prosthesis_id
