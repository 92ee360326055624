-- Tombstones for the gathered rows of hours that a newer load has completed without them, at the oldest such
-- version: the rows were gone when that load read the source.
WITH ({completed}) AS complete
SELECT
    gathered.user_id AS user_id,
    gathered.prosthesis_id AS prosthesis_id,
    gathered.date AS date,
    gathered.hour AS hour,
    arrayMin(
        range -> range.3,
        arrayFilter(range -> gathered.hour >= range.1 AND gathered.hour < range.2, complete)
    ) AS version,
    1 AS is_deleted
FROM load_rows AS gathered
LEFT JOIN
(
    SELECT user_id, hour, prosthesis_id, groupArray(history.version) AS versions
    FROM mart_history AS history
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
        AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND history.version > {version: UInt64}
    GROUP BY user_id, hour, prosthesis_id
) AS known USING (user_id, hour, prosthesis_id)
WHERE gathered.version = {version: UInt64}
    AND gathered.is_deleted = 0
    AND version > 0
    AND NOT arrayExists(one -> one <= version, versions)
