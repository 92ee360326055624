-- The triggers that may change a row before it is inserted (4) or updated (16): whether they fire before each
-- row of both, always (also for replicated rows), for any column and without a condition; and their function.
SELECT
    g.tgrelid,
    g.tgname::text,
    g.tgtype = 1 + 2 + 4 + 16
        AND g.tgenabled = 'A'
        AND g.tgqual IS NULL
        AND cardinality(g.tgattr::smallint[]) = 0
        AND f.prolang = (SELECT l.oid FROM pg_language AS l WHERE l.lanname = 'plpgsql'),
    f.prosrc
FROM pg_trigger AS g
JOIN pg_proc AS f ON f.oid = g.tgfoid
WHERE g.tgrelid = ANY ({relations})
  AND g.tgtype & 3 = 3
  AND g.tgtype & 20 <> 0
  AND g.tgenabled <> 'D'
