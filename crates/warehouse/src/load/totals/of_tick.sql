-- The rows of an incremental run on some days, and any newer ones, which show that other loads wrote there
-- too. Without FINAL, so that the index on the version is used. A repeated load has written a row twice; it
-- counts once.
SELECT *
FROM user_prosthesis_stats
WHERE date IN {days: Array(Date)}
    AND version >= {version: UInt64}
    AND (is_deleted = 0 OR version > {version: UInt64})
LIMIT 1 BY user_id, date, hour, prosthesis_id, version
