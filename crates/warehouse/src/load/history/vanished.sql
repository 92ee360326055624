-- The keys of a range that the history has as live rows up to a version, and that the load of that version
-- lacks.
SELECT user_id, prosthesis_id, date, hour, {version: UInt64} AS version, 1 AS is_deleted
FROM
(
    SELECT user_id, date, hour, prosthesis_id, argMax(is_deleted, history.version) AS is_gone
    FROM mart_history AS history
    WHERE date >= toDate({from: DateTime('UTC')}, 'UTC')
        AND date <= toDate({to: DateTime('UTC')}, 'UTC')
        AND hour >= {from: DateTime('UTC')}
        AND hour < {to: DateTime('UTC')}
        AND history.version <= {version: UInt64}
    GROUP BY user_id, date, hour, prosthesis_id
)
WHERE is_gone = 0
    AND (user_id, hour, prosthesis_id) NOT IN
    (
        SELECT user_id, hour, prosthesis_id FROM load_rows WHERE load_rows.version = {version: UInt64} AND is_deleted = 0
    )
