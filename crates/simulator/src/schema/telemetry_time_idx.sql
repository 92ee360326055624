CREATE INDEX IF NOT EXISTS raw_telemetry_time_idx ON telemetry.raw_telemetry (event_time);
