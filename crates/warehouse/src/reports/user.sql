-- Who has a login name now. While a load moves a name to another person both have it: the newer row decides.
SELECT user_id, ldap_username
FROM users FINAL
WHERE ldap_username = {ldap_username: String}
ORDER BY version DESC
LIMIT 1
