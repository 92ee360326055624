-- The views of 0009 and 0011 with the sums of squares, and the latter with the sums. A day with an hour of which they are
-- unknown has none: what the other hours add up to would not belong to its counts.
CREATE OR REPLACE VIEW {database}.daily_stats{on_cluster}
(
    user_id UUID COMMENT 'The customer''s id in the CRM',
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
    response_sum Float64 COMMENT 'Their sum in milliseconds',
    response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown',
    battery_count UInt64 COMMENT 'Battery level samples',
    battery_sum Float64 COMMENT 'Their sum in per cent',
    battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown',
    battery_min Nullable(Float32) COMMENT 'The lowest battery level of the day',
    battery_last Nullable(Float32) COMMENT 'The last battery level of the day',
    anomaly_count UInt64 COMMENT 'Movements with a value out of its range'
)
AS SELECT
    user_id,
    date,
    prosthesis_id,
    argMax(stats.prosthesis_model, stats.hour) AS prosthesis_model,
    sum(stats.movements_count) AS movements_count,
    countIf(stats.movements_count > 0) AS active_hours,
    sum(stats.error_count) AS error_count,
    if(movements_count = 0, 0, error_count / movements_count) AS error_rate,
    if(response_count = 0, NULL, response_sum / response_count) AS avg_response_time,
    if(battery_count = 0, NULL, battery_sum / battery_count) AS avg_battery_level,
    sum(stats.response_count) AS response_count,
    sum(stats.response_sum) AS response_sum,
    if(countIf(stats.response_squares IS NULL) = 0, sum(stats.response_squares), NULL) AS response_squares,
    sum(stats.battery_count) AS battery_count,
    sum(stats.battery_sum) AS battery_sum,
    if(countIf(stats.battery_squares IS NULL) = 0, sum(stats.battery_squares), NULL) AS battery_squares,
    min(stats.battery_min) AS battery_min,
    argMax(stats.battery_last, stats.hour) AS battery_last,
    sum(stats.anomaly_count) AS anomaly_count
FROM {database}.user_prosthesis_stats AS stats FINAL
GROUP BY user_id, date, prosthesis_id
SETTINGS do_not_merge_across_partitions_select_final = 1, use_skip_indexes_if_final = 0
COMMENT 'Movements per person, UTC day and prosthesis';
CREATE OR REPLACE VIEW {database}.ml_daily_stats{on_cluster}
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
    response_sum Float64 COMMENT 'Their sum in milliseconds',
    response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown',
    battery_count UInt64 COMMENT 'Battery level samples',
    battery_sum Float64 COMMENT 'Their sum in per cent',
    battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown',
    battery_min Nullable(Float32) COMMENT 'The lowest battery level of the day',
    battery_last Nullable(Float32) COMMENT 'The last battery level of the day',
    anomaly_count UInt64 COMMENT 'Movements with a value out of its range'
)
AS SELECT
    user_id, date, prosthesis_id, prosthesis_model, movements_count, active_hours, error_count, error_rate,
    avg_response_time, avg_battery_level, response_count, response_sum, response_squares, battery_count, battery_sum,
    battery_squares, battery_min, battery_last, anomaly_count
FROM {database}.daily_stats
COMMENT 'Movements per person, UTC day and prosthesis, without personal data'
