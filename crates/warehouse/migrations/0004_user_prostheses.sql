-- The prostheses that a person has now.
CREATE TABLE IF NOT EXISTS {database}.user_prostheses{on_cluster}
(
    user_id UUID COMMENT 'The customer''s id in the CRM',
    prosthesis_id UUID COMMENT 'The prosthesis',
    chip_id String COMMENT 'Its chip',
    prosthesis_model String COMMENT 'Its model''s name',
    serial_number String COMMENT 'Its serial number, empty when unknown',
    version UInt64 COMMENT 'The CRM snapshot in microseconds since 1970, the greatest wins',
    is_deleted UInt8 COMMENT '1 for a tombstone, which FINAL hides'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}version, is_deleted)
ORDER BY (user_id, prosthesis_id)
COMMENT 'Prostheses by their present owner'
