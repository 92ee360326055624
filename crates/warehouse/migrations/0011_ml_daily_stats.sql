-- Days for ML engineers: without name, e-mail address and login name.
CREATE VIEW IF NOT EXISTS {database}.ml_daily_stats{on_cluster}
(
    user_id UUID COMMENT 'The customer, as an id that stays the same',
    date Date COMMENT 'The UTC day',
    prosthesis_id UUID COMMENT 'The prosthesis',
    prosthesis_model String COMMENT 'The model''s name',
    movements_count UInt64 COMMENT 'Movements of the day',
    active_hours UInt64 COMMENT 'Hours with at least one movement',
    error_count UInt64 COMMENT 'Movements with an error code',
    error_rate Float64 COMMENT 'error_count / movements_count',
    avg_response_time Nullable(Float64) COMMENT 'Mean of the day''s samples in milliseconds, null without a sample',
    avg_battery_level Nullable(Float64) COMMENT 'Mean of the day''s samples in per cent, null without a sample',
    response_count UInt64 COMMENT 'Response time samples',
    battery_count UInt64 COMMENT 'Battery level samples',
    battery_min Nullable(Float32) COMMENT 'The lowest battery level of the day',
    battery_last Nullable(Float32) COMMENT 'The last battery level of the day',
    anomaly_count UInt64 COMMENT 'Movements with a value out of its range'
)
AS SELECT
    user_id, date, prosthesis_id, prosthesis_model, movements_count, active_hours, error_count, error_rate,
    avg_response_time, avg_battery_level, response_count, battery_count, battery_min, battery_last, anomaly_count
FROM {database}.daily_stats
COMMENT 'Movements per person, UTC day and prosthesis, without personal data'
