-- A tick's rows on some days, and any newer ones, which tell that these are not the rows of the tick alone: without FINAL,
-- so that the index on the version is used. A load that was repeated has written a row twice; it counts once.
SELECT *
FROM user_prosthesis_stats
WHERE date IN {days: Array(Date)}
    AND version >= {version: UInt64}
    AND (is_deleted = 0 OR version > {version: UInt64})
LIMIT 1 BY user_id, date, hour, prosthesis_id, version
