-- The person with a login name, and the hours of some months, in one statement whose rows are of five kinds:
--
-- 1: an hour of the months.
-- 2: a day of another month with data: its prosthesis, and in `movements_count` a bit for each hour of the
--    UTC day.
-- 3: a prosthesis that the person has now.
-- 4: the person with the name; missing if there is none.
-- 5: an ownership interval of the person for the chip of such a prosthesis.
--
-- Plain rows, because joined arrays take longer to plan. No month is read twice.
--
-- PREWHERE runs before FINAL: it may filter only by the sorting key, which every version of a row and its
-- tombstone share. On any other column it would uncover replaced rows.
WITH ({caller}) AS me
SELECT
    toUInt8(1) AS kind, hour, prosthesis_id, chip_id, prosthesis_model, '' AS serial_number, {no_dates},
    movements_count, error_count, anomaly_count, response_count, response_sum, battery_count, battery_sum,
    battery_min, battery_last, version
FROM user_prosthesis_stats FINAL
PREWHERE user_id = me
-- The months are the partitions.
WHERE movements_count > 0 AND toYYYYMM(date) IN {months: Array(UInt32)}
UNION ALL
SELECT
    toUInt8(2), toDateTime(date, 'UTC'), prosthesis_id, '', '', '', {no_dates},
    groupBitOr(bitShiftLeft(toUInt32(1), toHour(hour, 'UTC'))), {no_numbers}
FROM user_prosthesis_stats FINAL
PREWHERE user_id = me
WHERE movements_count > 0 AND toYYYYMM(date) NOT IN {months: Array(UInt32)}
GROUP BY prosthesis_id, date
UNION ALL
SELECT
    toUInt8(3), toDateTime(0, 'UTC'), prosthesis_id, chip_id, prosthesis_model, serial_number,
    manufactured_on, warranty_until, NULL, NULL, toUInt32(0), {no_numbers}
FROM user_prostheses FINAL
WHERE user_id = me
UNION ALL
SELECT
    toUInt8(4), toDateTime(0, 'UTC'), assumeNotNull(me), '', '', '', {no_dates}, toUInt32(0), {no_numbers}
WHERE me IS NOT NULL
UNION ALL
SELECT
    toUInt8(5), toDateTime(0, 'UTC'), prosthesis_id, '', '', '', NULL, NULL, valid_from, valid_to, toUInt32(0), {no_numbers}
FROM chip_owners FINAL
WHERE user_id = me AND chip_id IN (SELECT chip_id FROM user_prostheses FINAL WHERE user_id = me)
