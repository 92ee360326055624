-- The rows of the mart, in the format of recompute.sql.
SELECT
    concatWithSeparator(
        ' ', toString(user_id), toString(prosthesis_id), chip_id, formatDateTime(hour, '%Y-%m-%d %H'),
        toString(movements_count), toString(error_count),
        toString(response_count), toString(response_sum), toString(response_squares),
        toString(battery_count), toString(battery_sum), toString(battery_squares),
        ifNull(toString(battery_min), '-'), ifNull(toString(battery_last), '-'), customer_name
    ) AS line
FROM user_prosthesis_stats FINAL
