-- Where dlt lands rows and what is made of them. Each table replaces by its key, as dlt's own ClickHouse
-- destination offers it for appended rows: a row that is read again, as an overlap does, is counted once.
CREATE DATABASE IF NOT EXISTS {database};

CREATE TABLE IF NOT EXISTS {database}.raw_telemetry (
    id Int64, chip_id String, event_time DateTime64(6, 'UTC'), response_time_ms Nullable(Int32),
    battery_level Nullable(Float32), error_code Nullable(String), created_at DateTime64(6, 'UTC'),
    arrived DateTime64(6, 'UTC') DEFAULT now64(6), INDEX arrived arrived TYPE minmax
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(event_time) ORDER BY (chip_id, toStartOfHour(event_time), id);

CREATE TABLE IF NOT EXISTS {database}.customers (
    id String, name String, email String, ldap_username Nullable(String), arrived DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(arrived) ORDER BY id;

CREATE TABLE IF NOT EXISTS {database}.prosthesis_models (
    id String, name String, arrived DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(arrived) ORDER BY id;

CREATE TABLE IF NOT EXISTS {database}.prostheses (
    id String, customer_id String, model_id String, chip_id String, arrived DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(arrived) ORDER BY id;

CREATE TABLE IF NOT EXISTS {database}.user_prosthesis_stats (
    user_id UUID, ldap_username String, prosthesis_id UUID, chip_id String, date Date, hour DateTime('UTC'),
    movements_count UInt32, avg_response_time Nullable(Float32), avg_battery_level Nullable(Float32),
    error_count UInt32, error_rate Float32, customer_name String, customer_email String, prosthesis_model String,
    arrived DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(arrived) PARTITION BY toYYYYMM(date) ORDER BY (user_id, date, hour, prosthesis_id);
