-- What a load is about to move between owners, noted before it touches the mart. It counts until the dimensions of
-- that version or of a greater one are stored: then every move was finished, or taken back.
CREATE TABLE IF NOT EXISTS {database}.pending_owners{on_cluster}
(
    version UInt64 COMMENT 'The dimensions'' version that the load is to store',
    chip_id String COMMENT 'The chip',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when',
    valid_to DateTime64(6, 'UTC') COMMENT 'Until when, not included',
    owner Array(UUID) COMMENT 'The owner and the prosthesis, empty for nobody',
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}at)
ORDER BY (version, chip_id, valid_from)
COMMENT 'Moves between owners that a load has begun'
