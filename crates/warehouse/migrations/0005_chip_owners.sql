-- Who owned a chip when. Telemetry belongs to the owner at its time, whoever has the prosthesis now.
CREATE TABLE IF NOT EXISTS {database}.chip_owners{on_cluster}
(
    chip_id String COMMENT 'The chip',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when, 1970-01-01 for the first owner ever seen',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when, not included, null while it lasts',
    user_id UUID COMMENT 'The owner',
    prosthesis_id UUID COMMENT 'The owner''s prosthesis',
    prosthesis_model String COMMENT 'Its model''s name',
    updated_at Nullable(DateTime64(6, 'UTC')) COMMENT 'What the CRM said of when it last changed the prosthesis',
    version UInt64 COMMENT 'The CRM snapshot in microseconds since 1970, the greatest wins',
    is_deleted UInt8 COMMENT '1 for a tombstone, which FINAL hides'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}version, is_deleted)
ORDER BY (chip_id, valid_from)
COMMENT 'Ownership of chips over time'
