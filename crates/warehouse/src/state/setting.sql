-- Whether the engine knows the setting: an empty text otherwise.
SELECT
    'deduplicate_insert' AS name,
    toUInt64(0) AS version,
    toString(getSettingOrDefault('deduplicate_insert', '')) AS text
