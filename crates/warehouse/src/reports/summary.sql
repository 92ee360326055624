-- Totals over a range of days of a zone. An hour with two prostheses is one hour of use.
SELECT
    uniqExact(toDate(hour, {tz: String})) AS days,
    uniqExactIf(hour, movements_count > 0) AS usage_hours,
    sum(movements_count) AS movements,
    sum(error_count) AS errors,
    sum(anomaly_count) AS anomalies,
    sum(stats.response_count) AS response_count,
    sum(stats.response_sum) AS response_sum,
    sum(stats.battery_count) AS battery_count,
    sum(stats.battery_sum) AS battery_sum,
    min(stats.battery_min) AS battery_min
FROM user_prosthesis_stats AS stats FINAL
WHERE user_id = {user_id: UUID}
    AND date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
    AND ({prosthesis_id: Nullable(UUID)} IS NULL OR prosthesis_id = {prosthesis_id: Nullable(UUID)})
