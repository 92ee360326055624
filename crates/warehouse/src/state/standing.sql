-- What loads have told of the stored rows, a line for each name. The first four are marks; their missing lines count as 0.
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
