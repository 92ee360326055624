-- The live rows of a range.
SELECT *
FROM user_prosthesis_stats FINAL
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
