-- The neighbouring days with data of a day in a time zone, and the person's first hour with data, as one row:
-- over all of the person's hours.
SELECT
    minOrNull(hour) AS first_hour,
    maxOrNullIf(toDate(hour, {tz: String}), hour < {day_from: DateTime('UTC')}) AS previous_day,
    minOrNullIf(toDate(hour, {tz: String}), hour >= {day_to: DateTime('UTC')}) AS next_day
FROM user_prosthesis_stats FINAL
WHERE {chosen} AND movements_count > 0
