-- Totals over a range of days in a time zone. An hour with two prostheses is one hour of use.
WITH sumMap([stats.prosthesis_model], [toUInt64(stats.movements_count)]) AS by_model
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
    min(stats.battery_min) AS battery_min,
    -- The model with the most movements; among equal ones, the first by name; empty without data.
    arraySort(model -> (-toInt64(model.2), model.1), arrayZip(by_model.1, by_model.2))[1].1 AS prosthesis_model
FROM user_prosthesis_stats AS stats FINAL
WHERE {in_range}
