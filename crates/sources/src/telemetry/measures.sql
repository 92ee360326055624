-- The measures of some movements. cells.rs replaces words in {braces} by quoted names and casts.
--
-- A sample is a reading that is present and finite; NaN and infinities count as movement and anomaly only.
-- Sums of integer and numeric columns are exact and rounded once, at the end. A sum of squares is null if a
-- sample is so large that its square might overflow.
    count(*) AS movements,
    count(*) FILTER (WHERE {error}) AS errors,
    count(*) FILTER (WHERE {anomaly}) AS anomalies,
    count({response}){response_is_sample} AS response_count,
    coalesce(sum({response_term}){response_is_sample}, 0)::float8 AS response_sum,
    {response_squares} AS response_squares,
    count({battery}){battery_is_sample} AS battery_count,
    coalesce(sum({battery_term}){battery_is_sample}, 0)::float8 AS battery_sum,
    {battery_squares} AS battery_squares,
    (min({battery}){battery_is_sample})::float8 AS battery_min,
    max({time}) FILTER (WHERE {battery_has_sample}) AS battery_last_at{last}
