-- The policies for reading a table, whether the account is subject to them (role 0 is PUBLIC), and their
-- text.
SELECT
    p.polname::text,
    EXISTS (
        SELECT FROM unnest(p.polroles) AS role
        WHERE CASE WHEN role = 0 THEN true ELSE pg_has_role(current_user, role, 'USAGE') END),
    concat_ws(' ', p.polname, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid))
FROM pg_catalog.pg_policy AS p
WHERE p.polrelid = {table} AND p.polcmd IN ('r', '*')
ORDER BY p.polname
