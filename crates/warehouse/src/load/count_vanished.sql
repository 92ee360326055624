-- How many rows vanished.sql would hide; in most loads none, and then it need not run.
WITH (
    SELECT groupArray((range_from, range_to, version))
    FROM loaded_ranges
    WHERE version >= {version: UInt64}
        AND range_from < {to: DateTime('UTC')}
        AND range_to > {from: DateTime('UTC')}
) AS complete
SELECT count()
FROM user_prosthesis_stats FINAL
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
    AND version < arrayMax(range -> if(hour >= range.1 AND hour < range.2, range.3, 0), complete)
