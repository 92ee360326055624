-- Tombstones for the intervals of ownership that a newer history does not have; see vanished.sql.
INSERT INTO chip_owners (chip_id, valid_from, version, is_deleted)
WITH (SELECT max(version) FROM loaded_ranges WHERE scope = 'dimensions') AS newest
SELECT chip_id, valid_from, newest, 1
FROM chip_owners FINAL
WHERE version < newest
