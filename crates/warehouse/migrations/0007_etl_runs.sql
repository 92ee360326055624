-- The ledger: one row per run, step, attempt and state.
CREATE TABLE IF NOT EXISTS {database}.etl_runs{on_cluster}
(
    run String COMMENT 'The run',
    step LowCardinality(String) COMMENT 'The task id: extract_crm_data, extract_telemetry_data, transform_and_join, load_to_clickhouse',
    state LowCardinality(String) COMMENT 'started, done, failed or skipped',
    attempt UInt16 COMMENT 'Which try of the step, from 1',
    at DateTime64(6, 'UTC') COMMENT 'When',
    kind LowCardinality(Nullable(String)) COMMENT 'tick, full or range: which cells the run recomputes',
    form LowCardinality(Nullable(String)) COMMENT 'How the run found what is new in the source',
    range_from Nullable(DateTime('UTC')) COMMENT 'The first hour of the run''s range',
    range_to Nullable(DateTime('UTC')) COMMENT 'The end of the run''s range, not included',
    version Nullable(UInt64) COMMENT 'The mart version that the run writes',
    snapshot Nullable(String) COMMENT 'The telemetry snapshot as the source names it',
    horizon Nullable(DateTime64(6, 'UTC')) COMMENT 'The moment before which every committed row was visible',
    baseline Nullable(String) COMMENT 'What the next tick compares the source with, as JSON',
    rows_read Nullable(UInt64) COMMENT 'Raw telemetry rows read',
    cells Nullable(UInt64) COMMENT 'Cells (chip, hour) written',
    bytes Nullable(UInt64) COMMENT 'Bytes staged or sent',
    orphans Nullable(UInt64) COMMENT 'Cells whose chip nobody owns',
    anomalies Nullable(UInt64) COMMENT 'Raw rows with a value out of its range',
    tombstones Nullable(UInt64) COMMENT 'Rows that vanished',
    duration_ms Nullable(UInt64) COMMENT 'How long the step took',
    error_kind Nullable(String) COMMENT 'The kind of a failure, which decides the retry',
    error Nullable(String) COMMENT 'What failed',
    hint Nullable(String) COMMENT 'What to do about it'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}at)
ORDER BY (run, step, attempt, state)
COMMENT 'The ledger of the pipeline'
