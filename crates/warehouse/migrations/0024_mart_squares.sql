-- Sums of squares, from which a variance is rebuilt. Rows from before keep null until they are recomputed.
ALTER TABLE {database}.user_prosthesis_stats{local}{on_cluster}
ADD COLUMN IF NOT EXISTS response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown' AFTER response_sum,
ADD COLUMN IF NOT EXISTS battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown' AFTER battery_sum;
-- only with a cluster
ALTER TABLE {database}.user_prosthesis_stats{on_cluster}
ADD COLUMN IF NOT EXISTS response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown' AFTER response_sum,
ADD COLUMN IF NOT EXISTS battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown' AFTER battery_sum
