-- only with a cluster
-- One name for the shards' local tables. All rows of a person live on one shard, so that FINAL is exact.
CREATE TABLE IF NOT EXISTS {database}.user_prosthesis_stats{on_cluster}
AS {database}.user_prosthesis_stats{local}
ENGINE = Distributed({cluster}, {database_text}, 'user_prosthesis_stats_local', cityHash64(user_id))
