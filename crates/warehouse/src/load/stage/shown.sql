-- The number of rows older than a load that are still visible on any shard although the load hides them.
SELECT count()
FROM user_prosthesis_stats FINAL
WHERE version < {version: UInt64}
    AND (user_id, date, hour, prosthesis_id) GLOBAL IN
    (
        SELECT user_id, date, hour, prosthesis_id FROM load_rows WHERE is_deleted = 1
    )
