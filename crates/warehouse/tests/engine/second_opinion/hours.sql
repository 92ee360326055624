-- The hours of some days in a time zone, by hour and prosthesis.
SELECT
    hour,
    prosthesis_id,
    chip_id,
    prosthesis_model,
    movements_count AS movements,
    error_count AS errors,
    anomaly_count AS anomalies,
    response_count,
    response_sum,
    battery_count,
    battery_sum,
    battery_min,
    battery_last,
    version
FROM user_prosthesis_stats FINAL
WHERE {in_range}
ORDER BY hour, prosthesis_id
