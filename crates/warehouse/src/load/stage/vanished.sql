-- The rows of a range that a complete load has made obsolete.
--
-- complete:  the completely loaded ranges. This load's own is included, at version 0 if it completes none;
--            newer ones are included if this load is late, and the newest version decides.
-- hidden_at: the version at which the row's hour is complete. An older live row has vanished.
-- FINAL reads live rows only. A row that another load writes meanwhile at a greater version wins over the
-- tombstone.
WITH arrayPushBack(
    ({completed}),
    ({from: DateTime('UTC')}, {to: DateTime('UTC')}, {complete_at: UInt64})) AS complete
SELECT
    user_id,
    prosthesis_id,
    date,
    hour,
    arrayMax(range -> if(hour >= range.1 AND hour < range.2, range.3, 0), complete) AS hidden_at
FROM user_prosthesis_stats FINAL
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
    AND version < hidden_at
