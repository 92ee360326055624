//! New access tokens for sessions: asked for once, however many requests and replicas need one at the same moment.
//!
//! A refresh token may be good for one use only, so a lock in the store lets one of them ask. The others wait for what it
//! puts there; as long as the old token is good they do not even wait.

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

/// A token that ends sooner than this is renewed, in seconds.
const EARLY_S: i64 = 30;
/// A token that ends sooner than this is not used any more: the request has to arrive with it.
const TOO_LATE_S: i64 = 5;
/// How long the one that asks may hold the lock; longer than the issuer may take to answer.
const LOCK_LIFE: Duration = Duration::from_secs(8);
/// How long an issuer that did not answer is left alone by the session.
const REST_AFTER_OUTAGE: Duration = Duration::from_secs(1);
/// How long a request waits for another one's refresh, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(9);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What stands in the lock while the issuer is left alone.
const OUTAGE: &[u8] = b"outage";

/// The session with an access token that is good for a request.
///
/// A refusal of the issuer ends the session: 401. An issuer that does not answer leaves it as it is: 503.
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

/// Holds the lock.
async fn refresh(bff: &AppState, mut signed_in: SignedIn, owner: &str) -> Result<SignedIn, Problem> {
    // Somebody may have been here between the look at the token and the lock.
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
    // A browser that hangs up must not cut it short, or the new refresh token would be lost.
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
                    // The end of the session gave back the former token only.
                    bff.issuer.give_back(grant, None).await;
                    Err(errors::nobody("ended_meanwhile"))
                }
            }
        }
        Err(NotGranted::Refused(reason)) => {
            // One that held the lock for too long may find that another has used up its refresh token.
            let read = session.sealed.clone();
            *session = reread(bff, secret).await?;
            if session.sealed != read {
                release(&bff.store, session, owner).await;
                return Ok(signed_in);
            }
            metrics::count_refresh("refused");
            tracing::info!(reason, "the issuer does not let a session go on");
            bff.sessions.end(session, Ended::GrantRefused).await.map_err(errors::store)?;
            release(&bff.store, session, owner).await;
            Err(errors::nobody("grant_refused"))
        }
        Err(NotGranted::Unavailable) => {
            metrics::count_refresh("unavailable");
            let lock = index::refresh_lock(&session.id);
            // The store may be away too; the lock then ends by itself.
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
    // A lock that cannot be given back ends by itself.
    let _ = store.remove_if(&index::refresh_lock(&session.id), owner.as_bytes()).await;
}

fn left_s(bff: &AppState, session: &Session) -> i64 {
    session.record.tokens.access_expires_at_s - bff.clock.unix_s()
}
