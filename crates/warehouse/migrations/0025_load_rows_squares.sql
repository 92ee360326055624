-- The mart's columns in the mart's order: its parts go into the mart as they are.
ALTER TABLE {database}.load_rows{local}{on_cluster}
ADD COLUMN IF NOT EXISTS response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown' AFTER response_sum,
ADD COLUMN IF NOT EXISTS battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown' AFTER battery_sum;
-- only with a cluster
ALTER TABLE {database}.load_rows{on_cluster}
ADD COLUMN IF NOT EXISTS response_squares Nullable(Float64) COMMENT 'The sum of their squares in square milliseconds, null when unknown' AFTER response_sum,
ADD COLUMN IF NOT EXISTS battery_squares Nullable(Float64) COMMENT 'The sum of their squares in square per cent, null when unknown' AFTER battery_sum
