-- How many rows users.sql would hide.
SELECT count()
FROM user_prosthesis_stats FINAL
WHERE user_id IN {users: Array(UUID)} AND version < {version: UInt64}
