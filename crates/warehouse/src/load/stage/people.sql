-- Every row of people who left the CRM. FINAL reads live rows only.
SELECT user_id, prosthesis_id, date, hour, {version: UInt64} AS hidden_at
FROM user_prosthesis_stats FINAL
WHERE user_id IN {users: Array(UUID)} AND version < {version: UInt64}
