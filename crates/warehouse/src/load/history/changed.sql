-- The gathered rows of some hours that differ from the newest history row of their key, and those that repeat
-- an interrupted load, whose row is in the history but not in the mart. A key without history needs no
-- tombstone. The placeholder in braces stands for the compared values of a row, without nulls.
FROM load_rows AS gathered
LEFT JOIN
(
    SELECT user_id, hour, prosthesis_id, 1 AS is_known, argMax({says}, history.version) AS said, max(history.version) AS newest
    FROM mart_history AS history
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
        AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND hour >= {from: DateTime('UTC')}
        AND hour < {to: DateTime('UTC')}
        AND history.version <= {version: UInt64}
    GROUP BY user_id, hour, prosthesis_id
) AS known USING (user_id, hour, prosthesis_id)
LEFT JOIN
(
    SELECT user_id, hour, prosthesis_id, max(stats.version) AS shown
    FROM user_prosthesis_stats AS stats
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
        AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND hour >= {from: DateTime('UTC')}
        AND hour < {to: DateTime('UTC')}
    GROUP BY user_id, hour, prosthesis_id
) AS mart USING (user_id, hour, prosthesis_id)
WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= {from: DateTime('UTC')}
    AND hour < {to: DateTime('UTC')}
    AND if(is_known = 1, {says} != said OR shown < newest, is_deleted = 0)
