-- What lies around a day of a zone, as one row: the neighbours with data, when the person's data begin, and what is usual.
--
-- neighbours: over all of the person's hours.
-- parts: the prostheses of the complete days before the day.
-- days: their sums. An hour with two prostheses is one hour of use.
-- Quantiles are exact, with linear interpolation between neighbours. A day counts for a number only where it knows it.
WITH
    (
        SELECT (
            minOrNull(hour),
            maxOrNullIf(toDate(hour, {tz: String}), hour < {day_from: DateTime('UTC')}),
            minOrNullIf(toDate(hour, {tz: String}), hour >= {day_to: DateTime('UTC')})
        )
        FROM user_prosthesis_stats FINAL
        WHERE {chosen} AND movements_count > 0
    ) AS neighbours,
    days AS (
        SELECT
            toDate(hour, {tz: String}) AS day,
            uniqExact(hour) AS usage_hours,
            sum(stats.movements_count) AS movements,
            sum(stats.error_count) AS errors,
            sum(stats.response_count) AS response_count,
            sum(stats.response_sum) AS response_sum,
            sum(stats.battery_count) AS battery_count,
            sum(stats.battery_sum) AS battery_sum,
            min(stats.battery_min) AS battery_min
        FROM user_prosthesis_stats AS stats FINAL
        WHERE {in_range} AND movements_count > 0
        GROUP BY day
    )
SELECT
    neighbours.1 AS first_hour,
    neighbours.2 AS previous_day,
    neighbours.3 AS next_day,
    count() AS usual_days,
    countIf(days.response_count > 0) AS response_days,
    countIf(days.battery_count > 0) AS battery_days,
    quantilesExactInclusive(0.1, 0.5, 0.9)(days.movements) AS movements,
    quantilesExactInclusive(0.1, 0.5, 0.9)(days.usage_hours) AS usage_hours,
    quantilesExactInclusiveIf(0.1, 0.5, 0.9)(response_sum / response_count, response_count > 0) AS response,
    quantilesExactInclusiveIf(0.1, 0.5, 0.9)(battery_sum / battery_count, battery_count > 0) AS battery,
    quantilesExactInclusiveIf(0.1, 0.5, 0.9)(toFloat64(ifNull(battery_min, 0)), battery_count > 0) AS battery_lowest,
    quantilesExactInclusive(0.1, 0.5, 0.9)(days.errors) AS errors,
    quantilesExactInclusive(0.1, 0.5, 0.9)(days.errors * 1000 / days.movements) AS error_rate
FROM days
