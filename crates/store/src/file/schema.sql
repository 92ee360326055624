-- Times are milliseconds since 1970; a record without an expiry is kept until it is removed.
CREATE TABLE IF NOT EXISTS records (
    key           TEXT PRIMARY KEY,
    value         BLOB NOT NULL,
    expires_at_ms INTEGER
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE TABLE IF NOT EXISTS members (
    owner         TEXT NOT NULL,
    member        TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (owner, member)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS members_by_expiry ON members (expires_at_ms);
