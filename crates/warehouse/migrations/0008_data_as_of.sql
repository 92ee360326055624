-- How fresh the mart is. A run over an old range counts up to the end of its range only.
CREATE VIEW IF NOT EXISTS {database}.data_as_of{on_cluster}
(
    data_as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'The newest moment that the mart reflects, null before the first load'
)
AS SELECT maxOrNull(least(horizon, ifNull(range_to, horizon))) AS data_as_of
FROM {database}.etl_runs FINAL
WHERE step = 'load_to_clickhouse' AND state = 'done' AND horizon IS NOT NULL
COMMENT 'Freshness of the mart'
