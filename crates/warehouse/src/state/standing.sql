-- The state of the stored rows, one row per name: the watermarks in marks, of which a missing one counts as
-- 0, and the newest versions of loaded_ranges and pending_owners.
SELECT toString(name) AS name, max(marks.version) AS version, '' AS text
FROM marks
WHERE name != 'history'
GROUP BY name
UNION ALL
SELECT 'ranges' AS name, max(loaded_ranges.version) AS version, '' AS text
FROM loaded_ranges
UNION ALL
SELECT 'pending' AS name, max(pending_owners.version) AS version, '' AS text
FROM pending_owners
