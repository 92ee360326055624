-- Up to which version something is true: a handful of rows.
CREATE TABLE IF NOT EXISTS {database}.marks{on_cluster}
(
    name LowCardinality(String) COMMENT 'dimensions: a CRM state of this version is stored. restated: the mart says what the dimensions of this version say. written: no row of the mart was restated to a greater version',
    version UInt64 COMMENT 'The greatest wins'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}version)
ORDER BY name
COMMENT 'Versions that are reached'
