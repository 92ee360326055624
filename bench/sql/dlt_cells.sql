-- The cells in which rows have arrived since the last time, recomputed whole from what has landed.
INSERT INTO {database}.user_prosthesis_stats
WITH touched AS (
    SELECT DISTINCT chip_id, toStartOfHour(event_time)
    FROM {database}.raw_telemetry
    WHERE arrived > (SELECT max(arrived) FROM {database}.user_prosthesis_stats)
),
cells AS (
    SELECT chip_id, toStartOfHour(event_time) AS hour, count() AS movements,
           avg(response_time_ms) AS response, avg(battery_level) AS battery,
           countIf(error_code <> '') AS errors, max(arrived) AS newest
    FROM {database}.raw_telemetry FINAL
    WHERE (chip_id, toStartOfHour(event_time)) IN touched
    GROUP BY chip_id, hour
)
SELECT toUUID(customer.id), ifNull(customer.ldap_username, ''), toUUID(prosthesis.id), chip_id, toDate(hour), hour,
       movements, response, battery, errors, errors / movements, customer.name, customer.email, model.name, newest
FROM cells
JOIN {database}.prostheses AS prosthesis FINAL USING (chip_id)
JOIN {database}.customers AS customer FINAL ON customer.id = prosthesis.customer_id
JOIN {database}.prosthesis_models AS model FINAL ON model.id = prosthesis.model_id
SETTINGS do_not_merge_across_partitions_select_final = 1
