-- A person by their login name, as one row: whose the name is, the prostheses that they have now, and which hours have
-- data, a bit for each hour of a UTC day. Where months are asked for, their numbers are a second column: `hours.sql`.
SELECT
    (({caller}), prostheses, presence.1, presence.2, presence.3) AS person{columns}
FROM (
    SELECT arraySort(own -> (own.3, own.1), groupArray((prosthesis_id, chip_id, prosthesis_model, serial_number))) AS prostheses
    FROM user_prostheses FINAL
    WHERE user_id = ({caller})
) AS prostheses_now
CROSS JOIN (
    SELECT (groupArray(prosthesis_id), groupArray(date), groupArray(bits)) AS presence
    FROM (
        SELECT prosthesis_id, date, groupBitOr(bitShiftLeft(toUInt32(1), toHour(hour, 'UTC'))) AS bits
        FROM user_prosthesis_stats FINAL
        WHERE user_id = ({caller}) AND movements_count > 0
        GROUP BY prosthesis_id, date
    )
) AS hours_with_data
{hours}
