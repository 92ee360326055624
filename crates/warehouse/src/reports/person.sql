-- A person by their login name, and the hours of some months. One statement, whose rows are of four kinds:
--
-- 1: an hour of the months.
-- 2: a day of another month with data: its prosthesis, and in `movements_count` a bit for each hour of the UTC day.
-- 3: a prosthesis that the person has now.
-- 4: whose the name is; missing where it is nobody's.
--
-- Plain rows: joined arrays take longer to plan. No month is read twice.
WITH ({caller}) AS me
SELECT
    toUInt8(1) AS kind, hour, prosthesis_id, chip_id, prosthesis_model, '' AS serial_number,
    movements_count, error_count, anomaly_count, response_count, response_sum, battery_count, battery_sum,
    battery_min, battery_last, version
FROM user_prosthesis_stats FINAL
-- The months are the partitions.
WHERE user_id = me AND movements_count > 0 AND toYYYYMM(date) IN {months: Array(UInt32)}
UNION ALL
SELECT
    toUInt8(2), toDateTime(date, 'UTC'), prosthesis_id, '', '', '',
    groupBitOr(bitShiftLeft(toUInt32(1), toHour(hour, 'UTC'))), {no_numbers}
FROM user_prosthesis_stats FINAL
WHERE user_id = me AND movements_count > 0 AND toYYYYMM(date) NOT IN {months: Array(UInt32)}
GROUP BY prosthesis_id, date
UNION ALL
SELECT
    toUInt8(3), toDateTime(0, 'UTC'), prosthesis_id, chip_id, prosthesis_model, serial_number, toUInt32(0), {no_numbers}
FROM user_prostheses FINAL
WHERE user_id = me
UNION ALL
SELECT toUInt8(4), toDateTime(0, 'UTC'), assumeNotNull(me), '', '', '', toUInt32(0), {no_numbers}
WHERE me IS NOT NULL
