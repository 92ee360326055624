-- The neighbours of a day of a zone with data, and when the person's data begin, as one row: over all of the person's hours.
SELECT
    minOrNull(hour) AS first_hour,
    maxOrNullIf(toDate(hour, {tz: String}), hour < {day_from: DateTime('UTC')}) AS previous_day,
    minOrNullIf(toDate(hour, {tz: String}), hour >= {day_to: DateTime('UTC')}) AS next_day
FROM user_prosthesis_stats FINAL
WHERE {chosen} AND movements_count > 0
