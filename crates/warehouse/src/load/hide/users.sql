-- Tombstones for every row of people who left the CRM. FINAL reads the live rows only.
INSERT INTO user_prosthesis_stats (user_id, prosthesis_id, date, hour, created_at, version, is_deleted)
SELECT user_id, prosthesis_id, date, hour, now() AS created_at, {version: UInt64}, 1
FROM user_prosthesis_stats FINAL
WHERE user_id IN {users: Array(UUID)} AND version < {version: UInt64}
