(
    chip_id, movements_count, error_count, response_count, reinterpretAsUInt64(response_sum), battery_count,
    reinterpretAsUInt64(battery_sum), ifNull(toString(battery_min), ''), ifNull(toString(battery_last), ''),
    ifNull(toString(response_squares), ''), ifNull(toString(battery_squares), ''), anomaly_count, is_deleted
)
