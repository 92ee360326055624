-- pg_read_all_stats lets an account see the start of every transaction, not only of its own.
SELECT
    current_setting('server_version'),
    current_setting('server_version_num')::integer,
    clock_timestamp(),
    pg_is_in_recovery(),
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        OR (SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = current_database())
