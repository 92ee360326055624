-- The newest version written to each UTC day of a range, tombstones and replaced rows included, hence without
-- FINAL.
SELECT date, max(version) AS newest_version
FROM user_prosthesis_stats
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
GROUP BY date
ORDER BY date
