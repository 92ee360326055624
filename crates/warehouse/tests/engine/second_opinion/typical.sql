-- A typical day: by local hour, the quantiles of the movements over the complete days with data.
--
-- hours: sums by day and local hour. An hour that occurs twice when clocks are set back is added up.
-- days: the same, a row for each day.
-- filled: every local hour of each of those days. An hour without a row had no movements: 0. An hour that the
--         clocks skipped is left out.
WITH
    hours AS (
        SELECT
            toDate(hour, {tz: String}) AS day,
            toHour(hour, {tz: String}) AS local_hour,
            sum(stats.movements_count) AS movements,
            sum(stats.response_count) AS response_count,
            sum(stats.response_sum) AS response_sum,
            sum(stats.battery_count) AS battery_count,
            sum(stats.battery_sum) AS battery_sum
        FROM user_prosthesis_stats AS stats FINAL
        WHERE {in_range} AND movements_count > 0
        GROUP BY day, local_hour
    ),
    days AS (
        SELECT
            day,
            groupArray((local_hour, movements, response_count, response_sum, battery_count, battery_sum)) AS used,
            -- The instants that may be within the day in any time zone, from 14 hours ahead of UTC to 12
            -- behind.
            arrayDistinct(arrayMap(
                instant -> toHour(instant, {tz: String}),
                arrayFilter(
                    instant -> toDate(instant, {tz: String}) = day,
                    arrayMap(step -> toDateTime(day, 'UTC') + toIntervalHour(step - 15), range(54))
                )
            )) AS local_hours
        FROM hours
        GROUP BY day
    ),
    filled AS (
        SELECT local_hour, arrayFilter(one -> one.1 = local_hour, used) AS here
        FROM days
        ARRAY JOIN local_hours AS local_hour
    )
SELECT
    local_hour,
    count() AS days,
    countIf(notEmpty(here)) AS days_with_movements,
    quantilesExactInclusive(0.1, 0.25, 0.5, 0.75, 0.9)(here[1].2) AS quantiles,
    sum(here[1].3) AS response_count,
    sum(here[1].4) AS response_sum,
    sum(here[1].5) AS battery_count,
    sum(here[1].6) AS battery_sum
FROM filled
GROUP BY local_hour
ORDER BY local_hour
