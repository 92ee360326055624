-- Who has which login name now. Ordered by the name, because that is what a token carries.
CREATE TABLE IF NOT EXISTS {database}.users{on_cluster}
(
    user_id UUID COMMENT 'The customer''s id in the CRM',
    ldap_username String COMMENT 'The login name, empty when the customer has none',
    customer_name String COMMENT 'The customer''s name',
    customer_email String COMMENT 'The customer''s e-mail address',
    version UInt64 COMMENT 'The CRM snapshot in microseconds since 1970, the greatest wins',
    is_deleted UInt8 COMMENT '1 for a tombstone, which FINAL hides'
)
ENGINE = {replicated}ReplacingMergeTree({everywhere_path}version, is_deleted)
ORDER BY (ldap_username, user_id)
COMMENT 'Customers by login name'
