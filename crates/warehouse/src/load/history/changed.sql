-- The gathered rows of some hours that say something else than the newest row that the history has of their key, or that bring
-- what a load was cut off with: the history has it, and the mart does not. What was never known need not vanish. The words in
-- braces stand for what a row says, without nulls.
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
