-- Who owned which chip when, for ML engineers: without the person's name.
CREATE VIEW IF NOT EXISTS {database}.ml_ownership{on_cluster}
(
    chip_id String COMMENT 'The chip',
    prosthesis_id UUID COMMENT 'The owner''s prosthesis',
    user_id UUID COMMENT 'The owner, as an id that stays the same',
    prosthesis_model String COMMENT 'The model''s name, as the CRM says it now or said it last',
    valid_from DateTime64(6, 'UTC') COMMENT 'From when, 1970-01-01 for the first owner ever seen',
    valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when, not included, null while it lasts'
)
AS SELECT chip_id, prosthesis_id, user_id, prosthesis_model, valid_from, valid_to
FROM {database}.chip_owners FINAL
COMMENT 'Ownership of chips over time, without personal data'
