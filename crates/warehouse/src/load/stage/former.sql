-- The rows of keys (person, prosthesis, hours) whose owner has changed. FINAL reads live rows only.
SELECT DISTINCT stats.user_id AS user_id, stats.prosthesis_id AS prosthesis_id, date, hour, {version: UInt64} AS hidden_at
FROM user_prosthesis_stats AS stats FINAL
INNER JOIN
(
    SELECT former.1 AS user, former.2 AS prosthesis, former.3 AS begins, former.4 AS ends
    FROM
    (
        SELECT arrayJoin(arrayZip(
            {users: Array(UUID)}, {prostheses: Array(UUID)},
            {begins: Array(DateTime('UTC'))}, {ends: Array(DateTime('UTC'))})) AS former
    )
) AS keys ON keys.user = stats.user_id AND keys.prosthesis = stats.prosthesis_id
WHERE stats.user_id IN {users: Array(UUID)}
    AND date >= toDate({from: DateTime('UTC')}, 'UTC')
    AND date <= toDate({to: DateTime('UTC')}, 'UTC')
    AND hour >= begins
    AND hour < ends
    AND version < {version: UInt64}
