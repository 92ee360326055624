CREATE INDEX IF NOT EXISTS raw_telemetry_chip_time_idx ON telemetry.raw_telemetry (chip_id, event_time);
