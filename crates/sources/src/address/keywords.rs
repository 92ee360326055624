//! Every connection parameter of libpq as of PostgreSQL 18, and its treatment here.
//!
//! A parameter that has an effect is applied or refused: one that concerns security must not be ignored
//! silently.

/// The treatment of a parameter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is applied.
    Taken,
    /// It configures a part of libpq that does not exist here and that nothing would use: any value is
    /// ignored.
    Idle,
    /// These values match the behaviour here; any other one is refused with this hint.
    Only(&'static [&'static str], &'static str),
    /// It is refused with this hint, unless it is empty.
    Refused(&'static str),
}

use Fate::{Idle, Only, Refused, Taken};

const NO_CLIENT_CERTIFICATE: &str =
    "no client certificate is ever sent: let the server ask for a password, and leave this out";
const NO_REVOCATION: &str =
    "certificate revocation lists are not read: leave this out, or name a root of your own with sslrootcert";
const NO_OAUTH: &str =
    "OAuth is not supported for PostgreSQL: let the server ask for a password, and leave this out";
const NO_SERVICE: &str = "service files are not read: write host, database and user into the URL";
const NO_SCRAM_KEY: &str =
    "a password is needed, not a key derived from it: set password_file of the same section";

/// The parameters by name: those of libpq 18, one of a later libpq, and two that other drivers know.
pub(super) const KEYWORDS: &[(&str, Fate)] = &[
    ("application_name", Taken),
    ("channel_binding", Taken),
    ("client_encoding", Taken),
    ("connect_timeout", Taken),
    ("dbname", Taken),
    ("fallback_application_name", Taken),
    (
        "gssencmode",
        Only(
            &["disable", "prefer", "allow"],
            "GSSAPI is not supported: leave this out, and require TLS with sslmode=verify-full",
        ),
    ),
    // Relevant only with GSSAPI: a server that insists on GSSAPI is refused when it requests it.
    ("gssdelegation", Idle),
    ("gsslib", Idle),
    ("host", Taken),
    ("hostaddr", Taken),
    ("keepalives", Taken),
    ("keepalives_count", Taken),
    ("keepalives_idle", Taken),
    ("keepalives_interval", Taken),
    ("keepalives_retries", Refused("PostgreSQL calls it keepalives_count")),
    ("krbsrvname", Idle),
    ("load_balance_hosts", Taken),
    // The driver uses protocol version 3.0, which every server supports.
    (
        "max_protocol_version",
        Only(&["", "3.0", "3.2", "latest"], "use 3.0, 3.2 or latest, or leave this out"),
    ),
    (
        "min_protocol_version",
        Only(&["", "3.0"], "the driver uses protocol version 3.0: set it to 3.0, or leave this out"),
    ),
    ("oauth_client_id", Refused(NO_OAUTH)),
    ("oauth_client_secret", Refused(NO_OAUTH)),
    ("oauth_issuer", Refused(NO_OAUTH)),
    ("oauth_scope", Refused(NO_OAUTH)),
    ("options", Taken),
    ("passfile", Refused("password files of libpq are not read: set password_file of the same section")),
    ("password", Taken),
    ("port", Taken),
    ("replication", Refused("the pipeline reads tables, not a replication stream: leave this out")),
    (
        "require_auth",
        Refused(
            "use channel_binding=require with sslmode=verify-full: it permits nothing but SCRAM over TLS",
        ),
    ),
    (
        "requirepeer",
        Refused(
            "the owner of a socket is not checked: connect over TCP with sslmode=verify-full, or leave this out",
        ),
    ),
    ("scram_client_key", Refused(NO_SCRAM_KEY)),
    ("scram_server_key", Refused(NO_SCRAM_KEY)),
    ("service", Refused(NO_SERVICE)),
    ("servicefile", Refused(NO_SERVICE)),
    // JDBC's parameter, which libpq reads in a URL as `sslmode=require`.
    ("ssl", Only(&["true"], "use sslmode: disable, prefer, require or verify-full")),
    (
        "ssl_max_protocol_version",
        Only(&["", "TLSv1.3"], "TLS 1.2 and 1.3 are supported: leave this out, or set it on the server"),
    ),
    (
        "ssl_min_protocol_version",
        Only(
            &["", "TLSv1", "TLSv1.1", "TLSv1.2"],
            "TLS 1.2 and 1.3 are supported, nothing older: leave this out, or set it on the server",
        ),
    ),
    ("sslcert", Refused(NO_CLIENT_CERTIFICATE)),
    ("sslcertmode", Only(&["disable", "allow"], NO_CLIENT_CERTIFICATE)),
    // TLS compression is no longer used; libpq ignores the parameter too.
    ("sslcompression", Idle),
    ("sslcrl", Refused(NO_REVOCATION)),
    ("sslcrldir", Refused(NO_REVOCATION)),
    ("sslkey", Refused(NO_CLIENT_CERTIFICATE)),
    ("sslkeylogfile", Refused("session keys are never written to a file: leave this out")),
    ("sslmode", Taken),
    ("sslnegotiation", Taken),
    ("sslpassword", Refused(NO_CLIENT_CERTIFICATE)),
    ("sslrootcert", Taken),
    ("sslsni", Only(&["1"], "the host's name is always sent with TLS: leave this out")),
    ("target_session_attrs", Taken),
    ("tcp_user_timeout", Taken),
    ("user", Taken),
];

/// The parameter's name from the table, and its treatment.
pub(super) fn find(name: &str) -> Option<(&'static str, Fate)> {
    KEYWORDS.iter().copied().find(|(keyword, _)| *keyword == name)
}
