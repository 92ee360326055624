-- only with a cluster
-- A person's history is on the shard of their rows.
CREATE TABLE IF NOT EXISTS {database}.mart_history{on_cluster}
AS {database}.mart_history{local}
ENGINE = Distributed({cluster}, {database_text}, 'mart_history_local', cityHash64(user_id))
