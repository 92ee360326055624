-- Which days of the mart were compared with the source, and at which version: the comparison of the whole retention goes on
-- where it was.
CREATE TABLE IF NOT EXISTS {database}.compared_days{on_cluster}
(
    date Date COMMENT 'The UTC day',
    version UInt64 COMMENT 'The version of the snapshot that it was compared with',
    differing UInt64 COMMENT 'Cells that differed, of the days that were compared at once',
    is_mended UInt8 COMMENT '1 where the mart says what the source says, 0 where a difference was refused',
    run String COMMENT 'The comparison',
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}version)
ORDER BY date
COMMENT 'Days whose rows were compared with the source'
