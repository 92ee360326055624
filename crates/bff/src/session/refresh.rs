//! New access tokens for sessions, requested once however many requests and replicas need one at the same
//! moment.
//!
//! A refresh token may be valid for one use only, so a lock in the store lets one request refresh. The others
//! wait for the record that it stores; as long as the old token is valid they do not even wait.

use std::time::Duration;

use bionicpro_edge::{Problem, to_its_end};
use bionicpro_store::{Expiry, Store};

use super::index;
use super::record::Session;
use super::secret::{CookieSecret, random_text};
use crate::errors;
use crate::metrics;
use crate::session::Ended;
use crate::sign_in::NotGranted;
use crate::signed_in::SignedIn;
use crate::state::AppState;

/// A token that expires sooner than this is renewed, in seconds.
const EARLY_S: i64 = 30;
/// A token that expires sooner than this is not used any more, in seconds, because the request has to arrive
/// with it.
const TOO_LATE_S: i64 = 5;
/// The expiry of the lock, longer than the issuer may take to respond.
const LOCK_LIFE: Duration = Duration::from_secs(8);
/// The time for which a session does not call an issuer that did not respond.
const REST_AFTER_OUTAGE: Duration = Duration::from_secs(1);
/// The longest wait for another request's refresh, and the poll interval.
const PATIENCE: Duration = Duration::from_secs(9);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The value of the lock while the issuer is not called.
const OUTAGE: &[u8] = b"outage";

/// Returns the session with an access token that is valid for a request.
///
/// If the issuer refuses, the session ends: 401. If the issuer does not respond, the session stays as it is:
/// 503.
pub(crate) async fn with_fresh_token(bff: &AppState, mut signed_in: SignedIn) -> Result<SignedIn, Problem> {
    if left_s(bff, &signed_in.session) > EARLY_S {
        return Ok(signed_in);
    }
    let started = tokio::time::Instant::now();
    let lock = index::refresh_lock(&signed_in.session.id);
    let owner = random_text().map_err(errors::store)?;
    loop {
        let is_mine = bff
            .store
            .put_if_absent(&lock, owner.as_bytes(), Expiry::In(LOCK_LIFE))
            .await
            .map_err(errors::store)?;
        if is_mine {
            return refresh(bff, signed_in, &owner).await;
        }
        if left_s(bff, &signed_in.session) > TOO_LATE_S {
            return Ok(signed_in);
        }
        let holder = bff.store.get(&lock).await.map_err(errors::store)?;
        if holder.as_deref() == Some(OUTAGE) || started.elapsed() > PATIENCE {
            return Err(errors::unavailable("issuer"));
        }
        tokio::time::sleep(LOOK_EVERY).await;
        signed_in.session = reread(bff, &signed_in.secret).await?;
        if left_s(bff, &signed_in.session) > EARLY_S {
            return Ok(signed_in);
        }
    }
}

/// Refreshes the tokens while holding the lock.
async fn refresh(bff: &AppState, mut signed_in: SignedIn, owner: &str) -> Result<SignedIn, Problem> {
    // Another request may have refreshed between the check of the token and the lock.
    signed_in.session = match reread(bff, &signed_in.secret).await {
        Ok(session) => session,
        Err(problem) => {
            release(&bff.store, &signed_in.session, owner).await;
            return Err(problem);
        }
    };
    if left_s(bff, &signed_in.session) > EARLY_S {
        release(&bff.store, &signed_in.session, owner).await;
        return Ok(signed_in);
    }
    // A browser that disconnects must not interrupt it, or the new refresh token would be lost.
    let (bff, owner) = (bff.clone(), owner.to_owned());
    to_its_end(async move { ask_issuer(&bff, signed_in, &owner).await }).await
}

async fn ask_issuer(bff: &AppState, mut signed_in: SignedIn, owner: &str) -> Result<SignedIn, Problem> {
    let outcome = bff.issuer.refresh(&signed_in.session.record).await;
    let SignedIn { session, secret } = &mut signed_in;
    match outcome {
        Ok(record) => {
            metrics::count_refresh("ok");
            let grant = record.grant();
            let is_replaced = bff.sessions.replace(secret, session, record).await;
            release(&bff.store, session, owner).await;
            match is_replaced.map_err(errors::store)? {
                true => Ok(signed_in),
                false => {
                    // The end of the session revoked only the previous token.
                    bff.issuer.give_back(grant, None).await;
                    Err(errors::nobody("ended_meanwhile"))
                }
            }
        }
        Err(NotGranted::Refused(reason)) => {
            // If this request held the lock for too long, another one may have used up the refresh token.
            let read = session.sealed.clone();
            *session = reread(bff, secret).await?;
            if session.sealed != read {
                release(&bff.store, session, owner).await;
                return Ok(signed_in);
            }
            metrics::count_refresh("refused");
            tracing::info!(reason, "the issuer refused to refresh a session");
            bff.sessions.end(session, Ended::GrantRefused).await.map_err(errors::store)?;
            release(&bff.store, session, owner).await;
            Err(errors::nobody("grant_refused"))
        }
        Err(NotGranted::Unavailable) => {
            metrics::count_refresh("unavailable");
            let lock = index::refresh_lock(&session.id);
            // The store may be unavailable too; the lock then expires by itself.
            let _ = bff.store.replace(&lock, owner.as_bytes(), OUTAGE, Expiry::In(REST_AFTER_OUTAGE)).await;
            match left_s(bff, session) > TOO_LATE_S {
                true => Ok(signed_in),
                false => Err(errors::unavailable("issuer")),
            }
        }
    }
}

async fn reread(bff: &AppState, secret: &CookieSecret) -> Result<Session, Problem> {
    let found = bff.sessions.find(secret).await.map_err(errors::store)?;
    found.ok_or_else(|| errors::nobody("ended_meanwhile"))
}

async fn release(store: &Store, session: &Session, owner: &str) {
    // A lock that cannot be released expires by itself.
    let _ = store.remove_if(&index::refresh_lock(&session.id), owner.as_bytes()).await;
}

fn left_s(bff: &AppState, session: &Session) -> i64 {
    session.record.tokens.access_expires_at_s - bff.clock.unix_s()
}
