-- The gathered rows of hours that a newer load has completed without them, because this load is late.
--
-- newest: the newest version of these keys in the mart, tombstones and replaced rows included. A row that is
--         not older than the newer load already wins over the gathered one, and no tombstone may hide it.
WITH ({completed}) AS complete
SELECT
    gathered.user_id AS user_id,
    gathered.prosthesis_id AS prosthesis_id,
    gathered.date AS date,
    gathered.hour AS hour,
    arrayMax(range -> if(gathered.hour >= range.1 AND gathered.hour < range.2, range.3, 0), complete) AS hidden_at
FROM load_rows AS gathered
LEFT JOIN
(
    SELECT user_id, hour, prosthesis_id, max(stats.version) AS newest
    FROM user_prosthesis_stats AS stats
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
        AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    GROUP BY user_id, hour, prosthesis_id
) AS known USING (user_id, hour, prosthesis_id)
WHERE hidden_at > {version: UInt64} AND known.newest < hidden_at
