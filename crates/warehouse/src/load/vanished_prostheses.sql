-- Tombstones for the prostheses that a complete load of the CRM has made obsolete; see vanished.sql.
INSERT INTO user_prostheses (user_id, prosthesis_id, version, is_deleted)
WITH (SELECT max(version) FROM loaded_ranges WHERE scope = 'dimensions') AS newest
SELECT user_id, prosthesis_id, newest, 1
FROM user_prostheses FINAL
WHERE version < newest
