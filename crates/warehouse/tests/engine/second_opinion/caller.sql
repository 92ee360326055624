-- Whose rows a report reads. An empty name is nobody's. While a load moves a name to another person both have it:
-- the newer row decides. Without such a person this is null, and no row equals it.
SELECT user_id
FROM users FINAL
WHERE ldap_username = {login: String} AND ldap_username != ''
ORDER BY version DESC
LIMIT 1
