CREATE INDEX IF NOT EXISTS raw_telemetry_inserted_by_idx ON telemetry.raw_telemetry (inserted_by);
