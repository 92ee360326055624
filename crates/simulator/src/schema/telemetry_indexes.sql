-- One person's rows in order of time, and everybody's rows of a range.
CREATE INDEX IF NOT EXISTS raw_telemetry_chip_time_idx ON telemetry.raw_telemetry (chip_id, event_time);
CREATE INDEX IF NOT EXISTS raw_telemetry_time_idx ON telemetry.raw_telemetry (event_time);
