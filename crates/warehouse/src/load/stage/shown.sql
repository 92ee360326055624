-- Rows, older than a load, that a reader still sees on any shard although the load hides them.
SELECT count()
FROM user_prosthesis_stats FINAL
WHERE version < {version: UInt64}
    AND (user_id, date, hour, prosthesis_id) GLOBAL IN
    (
        SELECT user_id, date, hour, prosthesis_id FROM load_rows WHERE is_deleted = 1
    )
