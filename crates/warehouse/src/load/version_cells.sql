-- The live rows of one version on one day.
SELECT
    user_id,
    prosthesis_id,
    chip_id,
    hour,
    movements_count AS movements,
    error_count AS errors,
    anomaly_count AS anomalies,
    response_count,
    battery_count,
    reinterpretAsUInt64(response_sum) AS response_sum_bits,
    reinterpretAsUInt64(battery_sum) AS battery_sum_bits
FROM user_prosthesis_stats FINAL
WHERE date = {date: Date} AND version = {version: UInt64}
ORDER BY user_id, hour, prosthesis_id
