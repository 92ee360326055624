-- What each row of the mart said at which version, without names: for data sets as of an instant. Rows are only added. While
-- its hour is running a row replaces the one before it, and from then on each change is a row of its own.
CREATE TABLE IF NOT EXISTS {database}.mart_history{local}{on_cluster}
(
    user_id UUID COMMENT 'The customer''s id in the CRM',
    prosthesis_id UUID COMMENT 'The prosthesis',
    chip_id String COMMENT 'The chip that the prosthesis had in this hour',
    prosthesis_model String COMMENT 'The model''s name when the row was computed',
    date Date COMMENT 'The UTC day of the hour',
    hour DateTime('UTC') COMMENT 'The beginning of the hour',
    movements_count UInt32 COMMENT 'Telemetry rows of the hour',
    error_count UInt32 COMMENT 'Movements with an error code',
    response_count UInt32 COMMENT 'Response time samples: finite values',
    response_sum Float64 COMMENT 'Their sum in milliseconds',
    response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown',
    battery_count UInt32 COMMENT 'Battery level samples: finite values',
    battery_sum Float64 COMMENT 'Their sum in per cent',
    battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown',
    battery_min Nullable(Float32) COMMENT 'The lowest battery level of the hour',
    battery_last Nullable(Float32) COMMENT 'The last battery level of the hour',
    anomaly_count UInt32 COMMENT 'Movements with a value out of its range',
    version UInt64 COMMENT 'The telemetry snapshot in microseconds since 1970',
    is_deleted UInt8 COMMENT '1 where the row vanished',
    closed_version UInt64 MATERIALIZED if(version < (toUInt64(toUnixTimestamp(hour)) + 3600) * 1000000, 0, version)
        COMMENT 'The version where the hour was over, 0 where it was running',
    -- What a load has kept is found without reading the month.
    INDEX version_range version TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree({sharded_path}version)
PARTITION BY toYYYYMM(date)
ORDER BY (user_id, date, hour, prosthesis_id, closed_version)
{ttl}
SETTINGS ttl_only_drop_parts = 1, min_bytes_for_wide_part = 1073741824
COMMENT 'What the mart said before';
-- only with a cluster
-- A person's history is on the shard of their rows.
CREATE TABLE IF NOT EXISTS {database}.mart_history{on_cluster}
AS {database}.mart_history{local}
ENGINE = Distributed({cluster}, {database_text}, 'mart_history_local', cityHash64(user_id))
