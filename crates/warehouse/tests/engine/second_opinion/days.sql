-- The days with data in a time zone, newest first, and their total number.
WITH (
    SELECT arrayReverseSort(groupUniqArray(toDate(hour, {tz: String})))
    FROM user_prosthesis_stats FINAL
    WHERE {chosen}
) AS every_day
SELECT
    arraySlice(arrayFilter(day -> day < {before: Date}, every_day), 1, {limit: UInt16}) AS dates,
    length(every_day) AS total
