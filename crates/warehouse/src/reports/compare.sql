-- The summaries of two ranges. {a} and {b} stand for the query of a summary, each with its own ends.
SELECT * EXCEPT side
FROM (
    SELECT 1 AS side, * FROM ({a})
    UNION ALL
    SELECT 2 AS side, * FROM ({b})
)
ORDER BY side
