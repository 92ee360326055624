-- The value of the setting, or an empty text if the engine does not know it.
SELECT
    'deduplicate_insert' AS name,
    toUInt64(0) AS version,
    toString(getSettingOrDefault('deduplicate_insert', '')) AS text
