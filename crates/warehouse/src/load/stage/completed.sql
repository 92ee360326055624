SELECT groupArray((range_from, range_to, loaded_ranges.version))
FROM loaded_ranges
WHERE loaded_ranges.version > {version: UInt64}
    AND range_from < {to: DateTime('UTC')}
    AND range_to > {from: DateTime('UTC')}
