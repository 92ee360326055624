-- What two marts must have in common to have done the same work: rows, keys, movements, errors, averages.
-- The hash is a sum over rows, so that the order of rows plays no part.
SELECT count() AS cells,
       sum(movements_count) AS movements,
       sum(error_count) AS errors,
       sum(cityHash64(user_id, prosthesis_id, chip_id, date, hour, movements_count, error_count)) AS keys,
       sum(toFloat64(avg_response_time)) AS responses,
       sum(toFloat64(avg_battery_level)) AS batteries
FROM {mart:Identifier}.user_prosthesis_stats
