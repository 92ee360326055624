-- Prostheses for ML engineers: which model is on which chip, without the person's name.
CREATE VIEW IF NOT EXISTS {database}.ml_prostheses{on_cluster}
(
    user_id UUID COMMENT 'The customer, as an id that stays the same',
    prosthesis_id UUID COMMENT 'The prosthesis',
    chip_id String COMMENT 'Its chip',
    prosthesis_model String COMMENT 'Its model''s name'
)
AS SELECT user_id, prosthesis_id, chip_id, prosthesis_model
FROM {database}.user_prostheses FINAL
COMMENT 'Prostheses by their present owner, without personal data'
