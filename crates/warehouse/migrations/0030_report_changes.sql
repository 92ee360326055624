-- Whose report a load is about to change, and of which months: readers that keep what they have read forget that. Old lines are
-- nobody's: who has not asked for a day has nothing left.
CREATE TABLE IF NOT EXISTS {database}.report_changes{on_cluster}
(
    number UInt64 COMMENT 'The number of the load: the mark named settled says up to which all is stored',
    user_id UUID COMMENT 'The person',
    month UInt32 COMMENT 'The UTC month as 202401, 0 for all of the person',
    at DateTime('UTC') DEFAULT now('UTC') COMMENT 'When it was announced'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}at)
ORDER BY (number, user_id, month)
TTL at + INTERVAL 2 DAY
COMMENT 'Changes of people''s reports'
