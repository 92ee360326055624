-- The greatest version that any run has planned, completed or restated; 0 before the first.
SELECT max(version) AS newest
FROM
(
    SELECT ifNull(max(version), 0) AS version FROM etl_runs
    UNION ALL
    SELECT max(version) AS version FROM loaded_ranges
    UNION ALL
    SELECT max(version) AS version FROM marks
    UNION ALL
    SELECT max(version) AS version FROM pending_owners
)
