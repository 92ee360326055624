-- The view of 0010 with the sums of squares.
CREATE OR REPLACE VIEW {database}.ml_hourly_stats{on_cluster}
(
    user_id UUID COMMENT 'The customer, as an id that stays the same',
    prosthesis_id UUID COMMENT 'The prosthesis',
    chip_id String COMMENT 'The chip that the prosthesis had in this hour',
    prosthesis_model String COMMENT 'The model''s name',
    date Date COMMENT 'The UTC day of the hour',
    hour DateTime('UTC') COMMENT 'The beginning of the hour',
    movements_count UInt32 COMMENT 'Telemetry rows of the hour',
    error_count UInt32 COMMENT 'Movements with an error code',
    error_rate Float32 COMMENT 'error_count / movements_count',
    avg_response_time Nullable(Float32) COMMENT 'Mean response time in milliseconds, null without a sample',
    avg_battery_level Nullable(Float32) COMMENT 'Mean battery level in per cent, null without a sample',
    response_count UInt32 COMMENT 'Response time samples: finite values',
    response_sum Float64 COMMENT 'Their sum in milliseconds',
    response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown',
    battery_count UInt32 COMMENT 'Battery level samples: finite values',
    battery_sum Float64 COMMENT 'Their sum in per cent',
    battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown',
    battery_min Nullable(Float32) COMMENT 'The lowest battery level of the hour',
    battery_last Nullable(Float32) COMMENT 'The last battery level of the hour',
    anomaly_count UInt32 COMMENT 'Movements with a value out of its range',
    version UInt64 COMMENT 'The telemetry snapshot that the row comes from, in microseconds since 1970'
)
AS SELECT
    user_id, prosthesis_id, chip_id, prosthesis_model, date, hour, movements_count, error_count, error_rate,
    avg_response_time, avg_battery_level, response_count, response_sum, response_squares, battery_count, battery_sum,
    battery_squares, battery_min, battery_last, anomaly_count, version
FROM {database}.user_prosthesis_stats FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, use_skip_indexes_if_final = 0
COMMENT 'Movements per person, hour and prosthesis, without personal data'
