-- The person whose rows a report reads. An empty login name matches no one. While a load moves a name to
-- another person both have it: the newer row decides. If there is no such person, the result is null, which
-- no row equals.
SELECT user_id
FROM users FINAL
WHERE ldap_username = {login: String} AND ldap_username != ''
ORDER BY version DESC
LIMIT 1
