//! Turns an unverified text into claims, or into a rejection.
//!
//! The order is fixed: size, shape, header, key, signature, and only then the payload, so that no payload is
//! interpreted before its signature by the issuer is verified. A token that was accepted is recognized by its
//! hash while the same key set is in use; only its times are then checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bionicpro_model::{Error, Kind, Result};
use serde_json::{Map, Value};

use crate::keys::cache::KeyCache;
use crate::keys::checked;
use crate::keys::fetch::Source;
use crate::keys::set::KeySet;
use crate::rejection::{Checked, Reason, Rejection};
use crate::token::claims::Policy;
use crate::token::compact::Compact;
use crate::token::header::HeaderType;
use crate::token::id::{self, IdClaims, IdTokenFor};
use crate::token::json;
use crate::token::logout::{self, LogoutClaims};
use crate::{Claims, Clock, Config, KeyState, metrics};

/// Jump of the wall clock against the monotonic clock above which an alarm is raised, in seconds.
const CLOCK_JUMP_S: i64 = 5;

/// Verifies access tokens. Clones share the key cache.
#[derive(Debug, Clone)]
pub struct Verifier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    policy: Policy,
    strict_typ: bool,
    required_role: String,
    keys: KeyCache,
    clock: Clock,
    /// Wall time minus monotonic time at the last check, in seconds; `i64::MIN` before the first.
    clock_offset_s: AtomicI64,
}

impl Verifier {
    /// Builds a verifier from the configuration. Sends no request: keys are fetched with the first token or
    /// by [`Verifier::ready`].
    ///
    /// Fails with [`Kind::Config`] if a required setting is missing, or if keys may not be fetched from the
    /// configured addresses.
    pub fn new(config: &Config) -> Result<Self> {
        Verifier::with_clock(config, Clock::system())
    }

    /// Like [`Verifier::new`], with a clock that tests can move.
    pub fn with_clock(config: &Config, clock: Clock) -> Result<Self> {
        let missing = |key: &'static str| {
            Error::new(Kind::Config, "a required setting for access tokens is missing").detail(key).hint(
                "set oidc.issuer to the issuer's URL, as in https://id.example.com/realms/reports-realm, and leave audience, authorized_parties and required_role non-empty",
            )
        };
        let issuer = config
            .issuer
            .as_deref()
            .filter(|issuer| !issuer.is_empty())
            .ok_or_else(|| missing("oidc.issuer"))?;
        if config.audience.is_empty() {
            return Err(missing("oidc.audience"));
        }
        if config.authorized_parties.is_empty() || config.authorized_parties.iter().any(String::is_empty) {
            return Err(missing("oidc.authorized_parties"));
        }
        if config.required_role.is_empty() {
            return Err(missing("oidc.required_role"));
        }
        Ok(Verifier(Arc::new(Inner {
            policy: Policy::new(issuer, config),
            strict_typ: config.strict_typ,
            required_role: config.required_role.clone(),
            keys: KeyCache::new(Source::new(issuer, config)?, clock.clone()),
            clock,
            clock_offset_s: AtomicI64::new(i64::MIN),
        })))
    }

    /// Verifies one token. Fetches the issuer's keys when they are due. Of the contents of a token, only an
    /// unknown `kid` causes a fetch, at most once in 30 seconds.
    pub async fn verify(&self, unverified_jwt: &str) -> Checked<Claims> {
        let checked = self.check(unverified_jwt).await;
        self.count(match &checked {
            Ok(_) => "ok",
            Err(rejection) => rejection.reason().as_str(),
        });
        checked
    }

    /// Verifies the ID token that came with a sign-in. Fails unless it is for the client and contains the
    /// nonce.
    pub async fn verify_id_token(
        &self,
        unverified_jwt: &str,
        expected: &IdTokenFor<'_>,
    ) -> Checked<IdClaims> {
        let is_allowed = |typ| matches!(typ, HeaderType::Absent | HeaderType::Jwt);
        let (_, members) = self.signed(unverified_jwt, is_allowed).await?;
        id::check(&members, self.0.policy.issuer(), expected, self.0.clock.unix_s())
    }

    /// Verifies a logout token from the issuer's back channel. The calling code must make sure that it is
    /// used only once.
    pub async fn verify_logout_token(&self, unverified_jwt: &str, client_id: &str) -> Checked<LogoutClaims> {
        let is_allowed = |typ| match typ {
            HeaderType::LogoutToken => true,
            HeaderType::Absent | HeaderType::Jwt => !self.0.strict_typ,
            HeaderType::AccessToken | HeaderType::Other => false,
        };
        let (_, members) = self.signed(unverified_jwt, is_allowed).await?;
        logout::check(&members, self.0.policy.issuer(), client_id, self.0.clock.unix_s())
    }

    /// The state of the keys, which decides whether tokens can be verified now; fetches them if they are due.
    pub async fn ready(&self) -> KeyState {
        self.0.keys.state().await
    }

    /// The role that may read reports.
    pub fn required_role(&self) -> &str {
        &self.0.required_role
    }

    pub(crate) fn count(&self, reason: &'static str) {
        metrics::count_token(reason);
    }

    async fn check(&self, unverified_jwt: &str) -> Checked<Claims> {
        Compact::check_size(unverified_jwt)?;
        self.watch_clock();
        let fingerprint = checked::fingerprint(unverified_jwt);
        if let Some(keys) = self.0.keys.fresh()
            && let Some(verified) = keys.checked().get(&fingerprint)
        {
            metrics::count_known();
            return verified
                .at(self.0.clock.unix_s())
                .cloned()
                .inspect_err(|_| keys.checked().forget(&fingerprint));
        }
        let is_allowed = |typ| match typ {
            HeaderType::AccessToken => true,
            HeaderType::Absent | HeaderType::Jwt => !self.0.strict_typ,
            HeaderType::LogoutToken | HeaderType::Other => false,
        };
        let (keys, members) = self.signed(unverified_jwt, is_allowed).await?;
        let verified = self.0.policy.check(&members)?;
        let claims = verified.at(self.0.clock.unix_s())?.clone();
        keys.checked().keep(fingerprint, verified);
        Ok(claims)
    }

    /// Checks type and signature of a token. Returns its payload, and the key set that verified it. The
    /// claims in the payload are not checked yet.
    async fn signed(
        &self,
        unverified_jwt: &str,
        is_allowed: impl Fn(HeaderType) -> bool,
    ) -> Checked<(Arc<KeySet>, Map<String, Value>)> {
        let unverified = Compact::parse(unverified_jwt)?;
        if !is_allowed(unverified.header.typ) {
            return Err(Rejection::Invalid(Reason::HeaderType));
        }
        let keys = self.0.keys.keys_with(&unverified.header.kid).await?;
        let payload = keys.verify(unverified)?;
        let members = json::object(&payload).ok_or(Rejection::Invalid(Reason::PayloadJson))?;
        Ok((keys, members))
    }

    /// Detects jumps of the wall clock, against which `exp` is checked.
    fn watch_clock(&self) {
        let monotonic_s = i64::try_from(self.0.clock.monotonic().as_secs()).unwrap_or(i64::MAX);
        let offset_s = self.0.clock.unix_s() - monotonic_s;
        let previous_s = self.0.clock_offset_s.swap(offset_s, Ordering::Relaxed);
        if previous_s != i64::MIN && (offset_s - previous_s).abs() > CLOCK_JUMP_S {
            metrics::count_clock_jump();
            tracing::warn!(jump_s = offset_s - previous_s, "the system clock jumped");
        }
    }
}
