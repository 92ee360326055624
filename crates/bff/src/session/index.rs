//! Keys of a session's records in the store. Accounts and sessions of the issuer appear as digests only.

use bionicpro_model::{Result, Secret};
use bionicpro_store::Key;

use super::seal::SealKey;
use super::secret::digest_of;

/// The purpose of the key that seals a session's activity record.
const LIFE: &str = "session life";
/// The purpose of the key that seals a refresh token for later revocation.
const GRANT: &str = "session grant";

/// The sealed record of a session.
pub(super) fn record(id: &str) -> Key {
    Key::new("session", id)
}

/// The sealed activity record of a session.
pub(super) fn life(id: &str) -> Key {
    Key::new("session-life", id)
}

/// The sealed refresh token of a session, which can be revoked without the session's cookie.
pub(super) fn grant(id: &str) -> Key {
    Key::new("session-grant", id)
}

/// The lock on refreshing the tokens of a session.
pub(super) fn refresh_lock(id: &str) -> Key {
    Key::new("session-refresh", id)
}

/// The sessions of an account.
pub(super) fn of_subject(issuer: &str, subject: &str) -> Key {
    Key::new("sessions-of-account", &digest_of(&format!("account\n{issuer}\n{subject}")))
}

/// The sessions that came from one session of the issuer.
pub(super) fn of_issuer_session(issuer: &str, issuer_session: &str) -> Key {
    Key::new("sessions-of-issuer-session", &digest_of(&format!("session\n{issuer}\n{issuer_session}")))
}

/// Derives the key that seals the activity records of an account from the account's id at the issuer, which
/// is in no record that is not sealed.
pub(super) fn life_key(issuer: &str, subject: &str) -> Result<SealKey> {
    SealKey::derive(format!("{issuer}\n{subject}").as_bytes(), LIFE)
}

/// Derives the key that seals the refresh tokens of an account. The store does not have it: it depends on
/// this client's secret, which an attacker would need to use the tokens anyway.
pub(super) fn grant_key(client_secret: &Secret, issuer: &str, subject: &str) -> Result<SealKey> {
    let secret = client_secret.expose_secret();
    SealKey::derive(format!("{secret}\n{issuer}\n{subject}").as_bytes(), GRANT)
}
