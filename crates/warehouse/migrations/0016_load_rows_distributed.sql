-- only with a cluster
-- A load writes here, and each row goes to the shard that has the person's rows of the mart.
CREATE TABLE IF NOT EXISTS {database}.load_rows{on_cluster}
AS {database}.load_rows{local}
ENGINE = Distributed({cluster}, {database_text}, 'load_rows_local', cityHash64(user_id))
