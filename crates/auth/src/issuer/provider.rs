//! What the issuer's addresses share: the keys, the client, the clock, and what is remembered between requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bionicpro_model::Result;
use uuid::Uuid;

use super::accounts::Account;
use super::back_channel::BackChannel;
use super::options::ClientOptions;
use super::session::{Session, Sessions};
use super::token::Minter;
use super::ttl_map::TtlMap;
use crate::Clock;

/// How long a person may take to sign in, in seconds.
const REQUEST_LIFE_S: i64 = 30 * 60;

/// How long a code lasts, in seconds: it goes from the browser to the client and straight back.
const CODE_LIFE_S: i64 = 60;

/// The issuer behind its addresses.
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

/// What is remembered. It is held for moments and never while something is awaited.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) sessions: Sessions,
    /// Requests whose person has not signed in yet.
    pub(super) requests: TtlMap<Request>,
    pub(super) codes: TtlMap<Code>,
    /// Sign-outs that wait for a yes.
    pub(super) sign_outs: TtlMap<SignOut>,
}

/// What a client asked for when it sent somebody here (OpenID Connect Core, section 3.1.2.1), once checked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    /// The digest of what the client keeps for itself until it redeems the code (RFC 7636).
    pub(super) challenge: String,
    pub(super) login_hint: Option<String>,
    /// The browser that brought the request: only there may it go on.
    pub(super) visitor: String,
}

/// An authorization code, by its name on the shelf.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) session: Uuid,
    pub(super) request: Request,
    pub(super) used: CodeUse,
}

/// A code is good for one try, and a second one ends what the first has brought (RFC 6749, section 4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeUse {
    Fresh,
    Failed,
    Redeemed(Uuid),
}

/// Where a browser wants to go once it has signed out.
#[derive(Debug, Clone)]
pub(super) struct SignOut {
    pub(super) visitor: String,
    /// The session of the ID token that came along, beside the browser's own.
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

    /// Ends a session and tells the client, if it has tokens of it. Returns when the client has answered or taken too long.
    pub(super) async fn end_session(&self, id: Uuid) {
        let ended = self.memory().sessions.end(id);
        if let Some(session) = ended {
            self.tell(id, &session).await;
        }
    }

    /// Tells the client that a session has ended, if it has tokens of it.
    pub(super) async fn tell(&self, id: Uuid, session: &Session) {
        let Some(back_channel) = self.back_channel.as_ref().filter(|_| session.has_client()) else { return };
        match self.minter.logout_token(session.account, id, self.now_s()) {
            Ok(token) => back_channel.tell(&token).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a logout token cannot be signed");
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
