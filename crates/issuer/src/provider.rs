//! The state that the issuer's endpoints share: the keys, the client, the clock, and the memory between
//! requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bionicpro_model::Result;
use uuid::Uuid;

use super::accounts::Account;
use super::back_channel::BackChannel;
use super::options::ClientOptions;
use super::session::{Session, Sessions};
use super::token::Minter;
use super::ttl_map::TtlMap;
use bionicpro_auth::Clock;

/// Longest time for a person to sign in, or to confirm a sign-out, in seconds.
const REQUEST_LIFE_S: i64 = 30 * 60;

/// Lifetime of a code, in seconds: it goes from the browser to the client and straight back.
const CODE_LIFE_S: i64 = 60;

/// The issuer behind its endpoints.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) minter: Minter,
    pub(super) client: Option<ClientOptions>,
    back_channel: Option<BackChannel>,
    clock: Clock,
    memory: Mutex<Memory>,
    #[cfg(feature = "testing")]
    pub(super) pause: super::pause::Pause,
}

/// The state between requests. Its lock is held briefly and never across an await.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) sessions: Sessions,
    /// Authorization requests whose sign-in is not completed yet.
    pub(super) requests: TtlMap<Request>,
    pub(super) codes: TtlMap<Code>,
    /// Sign-outs that wait for a confirmation.
    pub(super) sign_outs: TtlMap<SignOut>,
}

/// The authorization request of a client (OpenID Connect Core, section 3.1.2.1), once checked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    /// The digest of the code verifier, which the client keeps secret until it redeems the code (RFC 7636).
    pub(super) challenge: String,
    pub(super) login_hint: Option<String>,
    /// The browser that made the request: the sign-in may continue only there.
    pub(super) visitor: String,
}

/// The data of an authorization code, stored under the code.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) session: Uuid,
    pub(super) request: Request,
    pub(super) used: CodeUse,
}

/// The state of a code. It allows one attempt, and a second one revokes the tokens from the first (RFC 6749,
/// section 4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeUse {
    Fresh,
    Failed,
    Redeemed(Uuid),
}

/// A sign-out request, once checked, with the address for the browser afterwards.
#[derive(Debug, Clone)]
pub(super) struct SignOut {
    pub(super) visitor: String,
    /// The session of the ID token in the request, in addition to the browser's own.
    pub(super) hinted: Option<Uuid>,
    pub(super) then: Option<String>,
}

impl Provider {
    pub(super) fn new(minter: Minter, client: Option<ClientOptions>, clock: Clock) -> Result<Self> {
        let url = client.as_ref().and_then(|client| client.back_channel_logout_url.clone());
        let memory = Memory {
            sessions: Sessions::default(),
            requests: TtlMap::new(REQUEST_LIFE_S),
            codes: TtlMap::new(CODE_LIFE_S),
            sign_outs: TtlMap::new(REQUEST_LIFE_S),
        };
        Ok(Provider {
            minter,
            client,
            back_channel: url.map(BackChannel::new).transpose()?,
            clock,
            memory: Mutex::new(memory),
            #[cfg(feature = "testing")]
            pause: super::pause::Pause::new(),
        })
    }

    pub(super) fn now_s(&self) -> i64 {
        self.clock.unix_s()
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a session and notifies the client if it has tokens of the session. Returns when the client has
    /// answered or timed out.
    pub(super) async fn end_session(&self, id: Uuid) {
        let ended = self.memory().sessions.end(id);
        if let Some(session) = ended {
            self.tell(id, &session).await;
        }
    }

    /// Notifies the client that a session has ended, if it has tokens of the session.
    pub(super) async fn tell(&self, id: Uuid, session: &Session) {
        let Some(back_channel) = self.back_channel.as_ref().filter(|_| session.has_client()) else { return };
        match self.minter.logout_token(session.account, id, self.now_s()) {
            Ok(token) => back_channel.tell(&token).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot sign a logout token");
            }
        }
    }

    /// Ends all sessions of an account.
    pub(super) async fn end_sessions_of(&self, account: &Account) {
        let sessions = self.memory().sessions.of(account);
        for id in sessions {
            self.end_session(id).await;
        }
    }
}
