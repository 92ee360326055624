-- The hours of some days of a zone, by hour and prosthesis. The ends come as instants, so that partition and key are used.
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
WHERE user_id = ({caller})
    AND date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
    AND ({prosthesis_id: Nullable(UUID)} IS NULL OR prosthesis_id = {prosthesis_id: Nullable(UUID)})
ORDER BY hour, prosthesis_id
