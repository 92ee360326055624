-- How fresh the mart is. A run over an old range counts up to the end of its range only. A tick that found nothing new
-- says that the mart still reflects everything.
CREATE VIEW IF NOT EXISTS {database}.data_as_of{on_cluster}
(
    data_as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'The newest moment that the mart reflects, null before the first load'
)
AS SELECT maxOrNull(if(kind IN ('tick', 'full'), horizon, least(horizon, ifNull(range_to, horizon)))) AS data_as_of
FROM {database}.etl_runs
WHERE horizon IS NOT NULL
    AND ((step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped'))
COMMENT 'Freshness of the mart'
