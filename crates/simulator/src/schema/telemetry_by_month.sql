-- The telemetry as in telemetry.sql, with one partition per month. Rows outside the existing months go to the
-- default partition.
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
    -- The transaction that inserted the row. By it, a run finds the rows added since another, exactly and by
    -- index.
    inserted_by      xid8      NOT NULL DEFAULT pg_current_xact_id(),
    -- A unique key of a partitioned table must include the partition key.
    PRIMARY KEY (id, event_time)
) PARTITION BY RANGE (event_time);

CREATE TABLE IF NOT EXISTS telemetry.raw_telemetry_default
    PARTITION OF telemetry.raw_telemetry DEFAULT;
