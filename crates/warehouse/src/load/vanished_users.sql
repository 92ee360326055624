-- Tombstones for the customers that a complete load of the CRM has made obsolete; see vanished.sql.
INSERT INTO users (user_id, ldap_username, version, is_deleted)
WITH (SELECT max(version) FROM loaded_ranges WHERE scope = 'dimensions') AS newest
SELECT user_id, ldap_username, newest, 1
FROM users FINAL
WHERE version < newest
