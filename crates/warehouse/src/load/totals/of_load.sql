-- The live rows that a load is responsible for: all rows of its range, whichever load wrote them, and those
-- of its version on its days.
SELECT *
FROM user_prosthesis_stats FINAL
WHERE (date IN {days: Array(Date)} AND version = {version: UInt64})
    OR (date >= toDate({from: DateTime('UTC')}, 'UTC')
        AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND hour >= {from: DateTime('UTC')}
        AND hour < {to: DateTime('UTC')})
