-- Where a load gathers what it is about to show, to be shown at one moment. Empty between loads. Its columns, its
-- partitions, its order and its index are the mart's: whoever changes those there changes them here. Nothing is merged
-- here: its parts go into the mart as they are.
CREATE TABLE IF NOT EXISTS {database}.load_rows{local}{on_cluster}
(
    user_id UUID COMMENT 'The customer''s id in the CRM',
    ldap_username String COMMENT 'The login name, empty when the customer has none',
    prosthesis_id UUID COMMENT 'The prosthesis',
    chip_id String COMMENT 'The chip that the prosthesis had in this hour',
    date Date COMMENT 'The UTC day of the hour',
    hour DateTime('UTC') COMMENT 'The beginning of the hour',
    movements_count UInt32 COMMENT 'Telemetry rows of the hour',
    avg_response_time Nullable(Float32) COMMENT 'Mean response time in milliseconds, null without a sample',
    avg_battery_level Nullable(Float32) COMMENT 'Mean battery level in per cent, null without a sample',
    error_count UInt32 COMMENT 'Movements with an error code',
    error_rate Float32 COMMENT 'error_count / movements_count',
    customer_name String COMMENT 'The customer''s name',
    customer_email String COMMENT 'The customer''s e-mail address',
    prosthesis_model String COMMENT 'The model''s name',
    created_at DateTime('UTC') COMMENT 'When the row was loaded',
    response_count UInt32 COMMENT 'Response time samples: finite values',
    response_sum Float64 COMMENT 'Their sum in milliseconds',
    battery_count UInt32 COMMENT 'Battery level samples: finite values',
    battery_sum Float64 COMMENT 'Their sum in per cent',
    battery_min Nullable(Float32) COMMENT 'The lowest battery level of the hour',
    battery_last Nullable(Float32) COMMENT 'The last battery level of the hour',
    anomaly_count UInt32 COMMENT 'Movements with a negative or non-finite response time, or a battery level outside 0 to 100',
    version UInt64 COMMENT 'The telemetry snapshot in microseconds since 1970, the greatest wins',
    is_deleted UInt8 COMMENT '1 for a tombstone, which FINAL hides',
    INDEX version_range version TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree({sharded_path}version, is_deleted)
PARTITION BY toYYYYMM(date)
ORDER BY (user_id, date, hour, prosthesis_id)
SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1
COMMENT 'What a load is about to show'
