-- The greatest version at which each UTC day of a range was compared with the source, or loaded completely,
-- and whether it was correct afterwards: a comparison may have found differences that it was not allowed to
-- correct.
SELECT date, max(days.version) AS version, argMax(days.is_mended, days.version) AS is_mended
FROM
(
    SELECT date, compared_days.version AS version, is_mended
    FROM compared_days
    UNION ALL
    SELECT
        arrayJoin(arrayMap(
            day -> toDate(range_from, 'UTC') + day,
            range(toUInt32(greatest(0, dateDiff('day', range_from, range_to, 'UTC')))))) AS date,
        loaded_ranges.version AS version,
        toUInt8(1) AS is_mended
    FROM loaded_ranges
    WHERE toStartOfDay(range_from, 'UTC') = range_from
) AS days
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC') AND date <= toDate({to: DateTime('UTC')}, 'UTC')
GROUP BY date
