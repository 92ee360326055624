-- Which hours of the mart are complete at which version: what lets a late load see that a newer one has been there.
CREATE TABLE IF NOT EXISTS {database}.loaded_ranges{on_cluster}
(
    version UInt64 COMMENT 'Every row of the range with a smaller version is obsolete',
    range_from DateTime('UTC') COMMENT 'The first hour',
    range_to DateTime('UTC') COMMENT 'The end, not included',
    run String COMMENT 'The run that loaded it',
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}at)
ORDER BY (version, range_from, range_to)
COMMENT 'Ranges whose rows are all loaded'
