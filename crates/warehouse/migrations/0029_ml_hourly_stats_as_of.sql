-- The mart as the newest run of an instant knew it: SELECT … FROM ml_hourly_stats_as_of(as_of = '2024-01-15 12:00:00').
--
-- known: the newest version that a run had reached by then, and up to when it had seen everything. A run over a given range has seen
--        its range only. An hour that was still running then is left out.
-- The model is that of the first row: as the CRM named it when the hour was computed.
CREATE VIEW IF NOT EXISTS {database}.ml_hourly_stats_as_of{on_cluster}
AS WITH
    (
        SELECT (max(etl_runs.version), max(horizon))
        FROM {database}.etl_runs
        WHERE kind IN ('tick', 'full')
            AND horizon IS NOT NULL
            AND ((step = 'load_to_clickhouse' AND state = 'done') OR (step = 'extract_telemetry_data' AND state = 'skipped'))
            AND etl_runs.version <= toUInt64(toUnixTimestamp64Micro({as_of}))
    ) AS known
SELECT
    user_id,
    prosthesis_id,
    said.1 AS chip_id,
    model AS prosthesis_model,
    date,
    hour,
    said.2 AS movements_count,
    said.3 AS error_count,
    toFloat32(said.3 / said.2) AS error_rate,
    toFloat32(if(said.4 = 0, NULL, least(greatest(said.5 / said.4, -3.4028234663852886e38), 3.4028234663852886e38))) AS avg_response_time,
    toFloat32(if(said.6 = 0, NULL, least(greatest(said.7 / said.6, -3.4028234663852886e38), 3.4028234663852886e38))) AS avg_battery_level,
    said.4 AS response_count,
    said.5 AS response_sum,
    said.12 AS response_squares,
    said.6 AS battery_count,
    said.7 AS battery_sum,
    said.13 AS battery_squares,
    said.8 AS battery_min,
    said.9 AS battery_last,
    said.10 AS anomaly_count,
    newest AS version
FROM
(
    SELECT
        user_id,
        date,
        hour,
        prosthesis_id,
        max(history.version) AS newest,
        argMin(history.prosthesis_model, history.version) AS model,
        argMax(
            (
                history.chip_id, history.movements_count, history.error_count, history.response_count,
                history.response_sum, history.battery_count, history.battery_sum, history.battery_min,
                history.battery_last, history.anomaly_count, history.is_deleted, history.response_squares,
                history.battery_squares
            ),
            history.version
        ) AS said
    FROM {database}.mart_history AS history
    WHERE history.version <= known.1
        AND toUnixTimestamp(hour) + 3600 <= toUnixTimestamp(known.2)
    GROUP BY user_id, date, hour, prosthesis_id
)
WHERE said.11 = 0
SETTINGS optimize_aggregation_in_order = 1
COMMENT 'Movements per person, hour and prosthesis as they were known at an instant, without personal data'
