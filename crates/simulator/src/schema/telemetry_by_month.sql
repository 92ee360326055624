-- The telemetry as in telemetry.sql, in one partition per month. Rows outside of the months that exist are kept in
-- the default partition.
CREATE SCHEMA IF NOT EXISTS telemetry;

CREATE TABLE IF NOT EXISTS telemetry.raw_telemetry (
    id               bigserial NOT NULL,
    chip_id          text      NOT NULL,
    event_time       timestamp NOT NULL,
    movement_type    text,
    response_time_ms integer,
    battery_level    real,
    error_code       text,
    raw_data         jsonb,
    created_at       timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    -- Which transaction inserted the row: what came since a run is found by it, exactly and by index.
    inserted_by      xid8      NOT NULL DEFAULT pg_current_xact_id(),
    -- A unique key of a partitioned table holds the column that it is partitioned by.
    PRIMARY KEY (id, event_time)
) PARTITION BY RANGE (event_time);

CREATE TABLE IF NOT EXISTS telemetry.raw_telemetry_default
    PARTITION OF telemetry.raw_telemetry DEFAULT;
