-- The prostheses that a person has, and former ones of which they have data: present ones first.
--
-- own: the facts about each prosthesis, the most complete source first: 1 the dimension of present
--      prostheses, 2 the ownership intervals, 3 the mart. The intervals are found by chip, which is their
--      key.
WITH
    data AS (
        SELECT
            prosthesis_id,
            argMax(stats.chip_id, hour) AS chip_id,
            argMax(stats.prosthesis_model, hour) AS prosthesis_model,
            min(hour) AS first_hour,
            max(hour) AS last_hour
        FROM user_prosthesis_stats AS stats FINAL
        WHERE user_id = ({caller}) AND movements_count > 0
        GROUP BY prosthesis_id
    ),
    own AS (
        SELECT
            1 AS source, prosthesis_id, chip_id, prosthesis_model, serial_number, manufactured_on, warranty_until,
            NULL AS since, NULL AS until, NULL AS first_hour, NULL AS last_hour
        FROM user_prostheses FINAL
        WHERE user_id = ({caller})
        UNION ALL
        SELECT
            2 AS source, prosthesis_id, chip_id, prosthesis_model, '' AS serial_number,
            NULL AS manufactured_on, NULL AS warranty_until,
            toNullable(valid_from) AS since, valid_to AS until, NULL AS first_hour, NULL AS last_hour
        FROM chip_owners FINAL
        WHERE user_id = ({caller})
            AND chip_id IN (
                SELECT chip_id FROM user_prostheses FINAL WHERE user_id = ({caller})
                UNION ALL
                SELECT chip_id FROM data
            )
        UNION ALL
        SELECT
            3 AS source, prosthesis_id, chip_id, prosthesis_model, '' AS serial_number,
            NULL AS manufactured_on, NULL AS warranty_until,
            NULL AS since, NULL AS until, toNullable(first_hour) AS first_hour, toNullable(last_hour) AS last_hour
        FROM data
    )
SELECT
    assumeNotNull(({caller})) AS user_id,
    prosthesis_id,
    argMin(own.chip_id, source) AS chip_id,
    argMin(own.prosthesis_model, source) AS prosthesis_model,
    max(own.serial_number) AS serial_number,
    max(own.manufactured_on) AS manufactured_on,
    max(own.warranty_until) AS warranty_until,
    min(source) = 1 AS is_current,
    -- Of several intervals, the newest, which begins last.
    max(own.since) AS owned_since,
    argMax((own.until,), own.since).1 AS owned_until,
    min(own.first_hour) AS first_hour,
    max(own.last_hour) AS last_hour
FROM own
GROUP BY prosthesis_id
-- A former prosthesis without data is not shown.
HAVING is_current OR last_hour IS NOT NULL
ORDER BY is_current DESC, last_hour DESC, prosthesis_model, prosthesis_id
