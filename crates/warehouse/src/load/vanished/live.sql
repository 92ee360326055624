-- The number of live rows older than a load on each day of a range; a day is its number since 1970.
SELECT toUInt16(date) AS day, count() AS live
FROM user_prosthesis_stats FINAL
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
    AND version < {version: UInt64}
GROUP BY date
ORDER BY date
