//! Every connection parameter of libpq, as PostgreSQL 18 has them, and what becomes of it here.
//!
//! A parameter that asks for something is done or refused: one that concerns security must not be overlooked in silence.

/// What becomes of a parameter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is done.
    Taken,
    /// It concerns a part of libpq that is not here and that nothing would use: any value is as good as none.
    Idle,
    /// These values ask for what is so anyway; any other one is refused, and this says what to do.
    Only(&'static [&'static str], &'static str),
    /// It is refused unless it is empty, and this says what to do.
    Refused(&'static str),
}

use Fate::{Idle, Only, Refused, Taken};

const NO_CLIENT_CERTIFICATE: &str =
    "no client certificate is ever sent: let the server ask for a password, and leave this out";
const NO_REVOCATION: &str =
    "lists of revoked certificates are not read: leave this out, or name a root of your own with sslrootcert";
const NO_OAUTH: &str =
    "OAuth is not spoken with PostgreSQL: let the server ask for a password, and leave this out";
const NO_SERVICE: &str = "service files are not read: write host, database and user into the URL";
const NO_SCRAM_KEY: &str =
    "a password is needed, not a key made of it: set password_file of the same section";

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
            "GSSAPI is not spoken: leave this out, and ask for TLS with sslmode=verify-full",
        ),
    ),
    // Of use only where GSSAPI is spoken: a server that insists on it is refused when it asks.
    ("gssdelegation", Idle),
    ("gsslib", Idle),
    ("host", Taken),
    ("hostaddr", Taken),
    ("keepalives", Taken),
    ("keepalives_count", Taken),
    ("keepalives_idle", Taken),
    ("keepalives_interval", Taken),
    ("keepalives_retries", Refused("the name of PostgreSQL for it is keepalives_count")),
    ("krbsrvname", Idle),
    ("load_balance_hosts", Taken),
    // Version 3.0 of the protocol is what is spoken, and every server speaks it.
    (
        "max_protocol_version",
        Only(&["", "3.0", "3.2", "latest"], "use 3.0, 3.2 or latest, or leave this out"),
    ),
    (
        "min_protocol_version",
        Only(&["", "3.0"], "version 3.0 of the protocol is spoken: use 3.0, or leave this out"),
    ),
    ("oauth_client_id", Refused(NO_OAUTH)),
    ("oauth_client_secret", Refused(NO_OAUTH)),
    ("oauth_issuer", Refused(NO_OAUTH)),
    ("oauth_scope", Refused(NO_OAUTH)),
    ("options", Taken),
    ("passfile", Refused("password files of libpq are not read: set password_file of the same section")),
    ("password", Taken),
    ("port", Taken),
    ("replication", Refused("the pipeline reads tables, not the log of a server: leave this out")),
    (
        "require_auth",
        Refused(
            "use channel_binding=require with sslmode=verify-full: it lets in nothing but SCRAM over TLS",
        ),
    ),
    (
        "requirepeer",
        Refused(
            "the owner of a socket is not looked at: connect by TCP with sslmode=verify-full, or leave this out",
        ),
    ),
    ("scram_client_key", Refused(NO_SCRAM_KEY)),
    ("scram_server_key", Refused(NO_SCRAM_KEY)),
    ("service", Refused(NO_SERVICE)),
    ("servicefile", Refused(NO_SERVICE)),
    // JDBC's word, which libpq reads in a URL as `sslmode=require`.
    ("ssl", Only(&["true"], "use sslmode: disable, prefer, require or verify-full")),
    (
        "ssl_max_protocol_version",
        Only(&["", "TLSv1.3"], "TLS 1.2 and 1.3 are spoken: leave this out, or set it at the server"),
    ),
    (
        "ssl_min_protocol_version",
        Only(
            &["", "TLSv1", "TLSv1.1", "TLSv1.2"],
            "TLS 1.2 and 1.3 are spoken, nothing older: leave this out, or set it at the server",
        ),
    ),
    ("sslcert", Refused(NO_CLIENT_CERTIFICATE)),
    ("sslcertmode", Only(&["disable", "allow"], NO_CLIENT_CERTIFICATE)),
    // Nobody compresses within TLS any more; libpq overlooks it too.
    ("sslcompression", Idle),
    ("sslcrl", Refused(NO_REVOCATION)),
    ("sslcrldir", Refused(NO_REVOCATION)),
    ("sslkey", Refused(NO_CLIENT_CERTIFICATE)),
    ("sslkeylogfile", Refused("the keys of a session are written nowhere: leave this out")),
    ("sslmode", Taken),
    ("sslnegotiation", Taken),
    ("sslpassword", Refused(NO_CLIENT_CERTIFICATE)),
    ("sslrootcert", Taken),
    ("sslsni", Only(&["1"], "the host's name is always sent with TLS: leave this out")),
    ("target_session_attrs", Taken),
    ("tcp_user_timeout", Taken),
    ("user", Taken),
];

/// The name as the table has it, and what becomes of it.
pub(super) fn find(name: &str) -> Option<(&'static str, Fate)> {
    KEYWORDS.iter().copied().find(|(keyword, _)| *keyword == name)
}
