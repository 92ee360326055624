-- The days with data in a range of a time zone, oldest first, and the person's first hour with data, as one
-- row.
--
-- parts: the sums of each day by prosthesis. The six days before the range are read too, for the medians.
-- days: the sums of each day. An hour with two prostheses is one hour of use; the last battery level is that
--       of the prosthesis whose battery is lower.
-- Only complete days count for a median, and fewer than four have none.
WITH
    (
        SELECT minOrNull(hour)
        FROM user_prosthesis_stats FINAL
        WHERE {chosen}
    ) AS first_hour,
    parts AS (
        SELECT
            toDate(hour, {tz: String}) AS day,
            groupUniqArray(hour) AS hours,
            sum(stats.movements_count) AS movements,
            sum(stats.error_count) AS errors,
            sum(stats.anomaly_count) AS anomalies,
            sum(stats.response_count) AS response_count,
            sum(stats.response_sum) AS response_sum,
            sum(stats.battery_count) AS battery_count,
            sum(stats.battery_sum) AS battery_sum,
            min(stats.battery_min) AS battery_min,
            argMax(stats.battery_last, hour) AS battery_last
        FROM user_prosthesis_stats AS stats FINAL
        WHERE {in_range} AND movements_count > 0
        GROUP BY day, prosthesis_id
    ),
    days AS (
        SELECT
            day,
            uniqExactArray(hours) AS usage_hours,
            sum(parts.movements) AS movements,
            sum(parts.errors) AS errors,
            sum(parts.anomalies) AS anomalies,
            sum(parts.response_count) AS response_count,
            sum(parts.response_sum) AS response_sum,
            sum(parts.battery_count) AS battery_count,
            sum(parts.battery_sum) AS battery_sum,
            min(parts.battery_min) AS battery_min,
            min(parts.battery_last) AS battery_last
        FROM parts
        GROUP BY day
    ),
    medians AS (
        SELECT
            *,
            countIf(day < {complete_before: Date}) OVER week AS complete_days,
            quantileExactInclusiveIf(0.5)(movements, day < {complete_before: Date}) OVER week AS median
        FROM days
        WINDOW week AS (ORDER BY toUInt16(day) RANGE BETWEEN 6 PRECEDING AND CURRENT ROW)
    )
SELECT
    first_hour,
    arraySort(groupArray((
        day, usage_hours, movements, errors, anomalies, response_count, response_sum, battery_count, battery_sum,
        battery_min, battery_last,
        if(complete_days >= 4 AND day < {complete_before: Date}, toNullable(toFloat64(median)), NULL)
    ))) AS days
FROM medians
WHERE day >= {first_day: Date}
