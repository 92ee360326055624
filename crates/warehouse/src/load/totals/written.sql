-- How many rows of these days a load has written, tombstones and repetitions included, and how many are newer. The
-- index on the version leaves out everything older.
SELECT countIf(version = {version: UInt64}) AS rows, countIf(version > {version: UInt64}) AS newer
FROM user_prosthesis_stats
WHERE date IN {days: Array(Date)} AND version >= {version: UInt64}
