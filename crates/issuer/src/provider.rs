//! The state that the issuer's endpoints share: the keys, the client, the clock, and the memory between
//! requests.
use std::sync::{Mutex, MutexGuard, PoisonError};

use bionicpro_auth::Clock;
use bionicpro_model::Result;
use uuid::Uuid;

use crate::accounts::Account;
use crate::back_channel::BackChannel;
use crate::options::ClientOptions;
use crate::session::{Session, Sessions};
use crate::token::Minter;
use crate::ttl_map::TtlMap;

/// Longest time for a person to sign in, or to confirm a sign-out, in seconds.
const REQUEST_LIFE_S: i64 = 30 * 60;

/// Lifetime of a code, in seconds: it goes from the browser to the client and straight back.
const CODE_LIFE_S: i64 = 60;

/// The issuer behind its endpoints.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) minter: Minter,
    pub(crate) client: Option<ClientOptions>,
    back_channel: Option<BackChannel>,
    clock: Clock,
    memory: Mutex<Memory>,
    #[cfg(feature = "testing")]
    pub(crate) pause: crate::pause::Pause,
}

/// The state between requests. Its lock is held briefly and never across an await.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) sessions: Sessions,
    /// Authorization requests whose sign-in is not completed yet.
    pub(crate) requests: TtlMap<Request>,
    pub(crate) codes: TtlMap<Code>,
    /// Sign-outs that wait for a confirmation.
    pub(crate) sign_outs: TtlMap<SignOut>,
}

/// The authorization request of a client (OpenID Connect Core, section 3.1.2.1), once checked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    /// The digest of the code verifier, which the client keeps secret until it redeems the code (RFC 7636).
    pub(crate) challenge: String,
    pub(crate) login_hint: Option<String>,
    /// The browser that made the request: the sign-in may continue only there.
    pub(crate) visitor: String,
}

/// The data of an authorization code, stored under the code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) session: Uuid,
    pub(crate) request: Request,
    pub(crate) used: CodeUse,
}

/// The state of a code. It allows one attempt, and a second one revokes the tokens from the first (RFC 6749,
/// section 4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeUse {
    Fresh,
    Failed,
    Redeemed(Uuid),
}

/// A sign-out request, once checked, with the address for the browser afterwards.
#[derive(Debug, Clone)]
pub(crate) struct SignOut {
    pub(crate) visitor: String,
    /// The session of the ID token in the request, in addition to the browser's own.
    pub(crate) hinted: Option<Uuid>,
    pub(crate) then: Option<String>,
}

impl Provider {
    pub(crate) fn new(minter: Minter, client: Option<ClientOptions>, clock: Clock) -> Result<Self> {
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
            pause: crate::pause::Pause::new(),
        })
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.clock.unix_s()
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a session and notifies the client if it has tokens of the session. Returns when the client has
    /// answered or timed out.
    pub(crate) async fn end_session(&self, id: Uuid) {
        let ended = self.memory().sessions.end(id);
        if let Some(session) = ended {
            self.tell(id, &session).await;
        }
    }

    /// Notifies the client that a session has ended, if it has tokens of the session.
    pub(crate) async fn tell(&self, id: Uuid, session: &Session) {
        let Some(back_channel) = self.back_channel.as_ref().filter(|_| session.has_client()) else { return };
        match self.minter.logout_token(session.account, id, self.now_s()) {
            Ok(token) => back_channel.tell(&token).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot sign a logout token");
            }
        }
    }

    /// Ends all sessions of an account.
    pub(crate) async fn end_sessions_of(&self, account: &Account) {
        let sessions = self.memory().sessions.of(account);
        for id in sessions {
            self.end_session(id).await;
        }
    }
}
