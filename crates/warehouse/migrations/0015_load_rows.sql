-- Where a load gathers what it is about to show, to be shown at one moment. Empty between loads. Columns and index are the
-- mart's, and so must the partitions and the order be: its parts go into the mart as they are. Nothing is merged here.
CREATE TABLE IF NOT EXISTS {database}.load_rows{local}{on_cluster}
AS {database}.user_prosthesis_stats{local}
ENGINE = {replicated}ReplacingMergeTree({sharded_path}version, is_deleted)
PARTITION BY toYYYYMM(date)
ORDER BY (user_id, date, hour, prosthesis_id)
SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1
COMMENT 'What a load is about to show'
