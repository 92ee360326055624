-- The mart's hours a second time, in the order in which the baseline implementation asks for them: a person's
-- day is one granule.
CREATE DATABASE IF NOT EXISTS baseline;

CREATE TABLE baseline.user_prosthesis_stats
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (ldap_username, date, hour)
AS SELECT hour, date, ldap_username, movements_count, avg_response_time, avg_battery_level, error_count, prosthesis_model, chip_id
FROM reports.user_prosthesis_stats
