-- Stored rows whose person or prosthesis differs from the dimensions, with the corrected values.
--
-- people: the current CRM data of these people. The rows of a person who left the CRM are hidden, not
--         restated.
-- models: the model of a prosthesis, from its newest interval. A prosthesis without any interval keeps its
--         stored model.
-- The measurements stay the same; the version is incremented by one, so that a later load of the telemetry
-- wins over it.
WITH
    people AS
    (
        SELECT user_id AS person, ldap_username AS login, customer_name AS name, customer_email AS email
        FROM users FINAL
        WHERE user_id IN {users: Array(UUID)}
    ),
    models AS
    (
        SELECT prosthesis_id AS prosthesis, argMax(prosthesis_model, (valid_to IS NULL, valid_from)) AS model, 1 AS known
        FROM chip_owners FINAL
        GROUP BY prosthesis_id
    )
SELECT
    stats.user_id AS user_id,
    people.login AS ldap_username,
    stats.prosthesis_id AS prosthesis_id,
    stats.chip_id AS chip_id,
    stats.date AS date,
    stats.hour AS hour,
    stats.movements_count AS movements_count,
    stats.avg_response_time AS avg_response_time,
    stats.avg_battery_level AS avg_battery_level,
    stats.error_count AS error_count,
    stats.error_rate AS error_rate,
    people.name AS customer_name,
    people.email AS customer_email,
    if(models.known = 1, models.model, stats.prosthesis_model) AS prosthesis_model,
    stats.created_at AS created_at,
    stats.response_count AS response_count,
    stats.response_sum AS response_sum,
    stats.response_squares AS response_squares,
    stats.battery_count AS battery_count,
    stats.battery_sum AS battery_sum,
    stats.battery_squares AS battery_squares,
    stats.battery_min AS battery_min,
    stats.battery_last AS battery_last,
    stats.anomaly_count AS anomaly_count,
    stats.version + 1 AS version,
    0 AS is_deleted
FROM user_prosthesis_stats AS stats FINAL
INNER JOIN people ON people.person = stats.user_id
LEFT JOIN models ON models.prosthesis = stats.prosthesis_id
WHERE stats.user_id IN {users: Array(UUID)}
    AND (stats.ldap_username != people.login OR stats.customer_name != people.name
        OR stats.customer_email != people.email OR (models.known = 1 AND stats.prosthesis_model != models.model))
