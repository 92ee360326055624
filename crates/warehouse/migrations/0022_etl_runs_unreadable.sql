-- What a run could not read of the sources: a number, and in words which values and where.
ALTER TABLE {database}.etl_runs{on_cluster}
ADD COLUMN IF NOT EXISTS unreadable Nullable(UInt64) COMMENT 'Cells and values that could not be read' AFTER tombstones,
ADD COLUMN IF NOT EXISTS notes Nullable(String) COMMENT 'The first of them by name' AFTER unreadable
