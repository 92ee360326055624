CROSS JOIN (
    -- The months are the partitions. An array holds no null by itself, but in a tuple.
    SELECT (
        groupArray(hour), groupArray(prosthesis_id), groupArray(chip_id), groupArray(prosthesis_model),
        groupArray(movements_count), groupArray(error_count), groupArray(anomaly_count),
        groupArray(response_count), groupArray(response_sum), groupArray(battery_count), groupArray(battery_sum),
        groupArray((battery_min,)), groupArray((battery_last,)), groupArray(version)
    ) AS hours
    FROM user_prosthesis_stats FINAL
    WHERE user_id = ({caller}) AND movements_count > 0 AND toYYYYMM(date) IN {months: Array(UInt32)}
) AS hours_of_months
