//! The sessions at the issuer, and the refresh tokens that belong to each.
use std::collections::HashMap;

use bionicpro_model::Result;
use uuid::Uuid;

use crate::accounts::Account;
use crate::random;

/// Longest time that a session lasts without being used, in seconds; Keycloak's default.
pub(crate) const IDLE_S: i64 = 30 * 60;

/// Longest lifetime of a session, in seconds; Keycloak's default.
const MAX_LIFE_S: i64 = 10 * 3600;

/// Largest number of concurrent sessions; the least recently used one is evicted.
const MAX: usize = 4096;

/// One browser in which one account is signed in.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) account: &'static Account,
    /// Time of the last password entry, in seconds since 1970.
    pub(crate) signed_in_s: i64,
    started_s: i64,
    used_s: i64,
    /// The secret in the browser's cookie, which proves the session.
    secret: String,
    /// The currently valid refresh token of each family. The tokens of a family descend from one sign-in.
    families: HashMap<Uuid, Uuid>,
}

impl Session {
    fn is_alive(&self, now_s: i64) -> bool {
        now_s < self.used_s + IDLE_S && now_s < self.started_s + MAX_LIFE_S
    }

    /// Returns true if tokens were issued in this session: the client must then be notified of its end.
    pub(crate) fn has_client(&self) -> bool {
        !self.families.is_empty()
    }

    /// Starts a chain of refresh tokens; returns the ids of the family and of its first token.
    pub(crate) fn new_family(&mut self) -> (Uuid, Uuid) {
        let (family, token) = (Uuid::new_v4(), Uuid::new_v4());
        self.families.insert(family, token);
        (family, token)
    }

    /// Replaces the currently valid refresh token by the next one. A token that was replaced before is in use
    /// by two parties: its whole family ends, since the thief cannot be identified (RFC 9700, section
    /// 4.14.2).
    pub(crate) fn rotate(&mut self, family: Uuid, token: Uuid) -> Option<Uuid> {
        let current = self.families.get_mut(&family)?;
        if *current != token {
            self.families.remove(&family);
            return None;
        }
        *current = Uuid::new_v4();
        Some(*current)
    }

    /// Ends a chain of refresh tokens.
    pub(crate) fn end_family(&mut self, family: Uuid) {
        self.families.remove(&family);
    }
}

/// All sessions by their id, which is the `sid` of their tokens.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<Uuid, Session>);

impl Sessions {
    /// Signs an account in; returns the id of the session and the cookie that proves it.
    pub(crate) fn begin(&mut self, account: &'static Account, now_s: i64) -> Result<(Uuid, String)> {
        if self.0.len() >= MAX {
            self.0.retain(|_, session| session.is_alive(now_s));
        }
        if self.0.len() >= MAX {
            let idlest = self.0.iter().min_by_key(|(_, session)| session.used_s).map(|(id, _)| *id);
            idlest.map(|id| self.0.remove(&id));
        }
        let (id, secret) = (Uuid::new_v4(), random::name()?);
        let cookie = format!("{id}.{secret}");
        let session = Session {
            account,
            signed_in_s: now_s,
            started_s: now_s,
            used_s: now_s,
            secret,
            families: HashMap::new(),
        };
        self.0.insert(id, session);
        Ok((id, cookie))
    }

    /// Renews the session after the password was entered again: the cookie changes, since the old one may be
    /// known to others.
    pub(crate) fn renew(&mut self, id: Uuid, now_s: i64) -> Result<Option<String>> {
        let Some(session) = self.use_by_id(id, now_s) else { return Ok(None) };
        session.secret = random::name()?;
        session.signed_in_s = now_s;
        Ok(Some(format!("{id}.{}", session.secret)))
    }

    /// The live session that a cookie proves; marks it as used.
    pub(crate) fn use_by_cookie(&mut self, cookie: &str, now_s: i64) -> Option<(Uuid, &mut Session)> {
        let (id, secret) = cookie.split_once('.')?;
        let id = id.parse().ok()?;
        let session = self.use_by_id(id, now_s).filter(|session| random::same(&session.secret, secret))?;
        Some((id, session))
    }

    /// The live session with this id; marks it as used.
    pub(crate) fn use_by_id(&mut self, id: Uuid, now_s: i64) -> Option<&mut Session> {
        let session = self.0.get_mut(&id).filter(|session| session.is_alive(now_s))?;
        session.used_s = now_s;
        Some(session)
    }

    /// Ends a session.
    pub(crate) fn end(&mut self, id: Uuid) -> Option<Session> {
        self.0.remove(&id)
    }

    /// The sessions of an account.
    pub(crate) fn of(&self, account: &Account) -> Vec<Uuid> {
        self.0.iter().filter(|(_, session)| session.account == account).map(|(id, _)| *id).collect()
    }
}
