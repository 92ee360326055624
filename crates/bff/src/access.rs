//! Writes sign-ins and sign-outs to the access log before the response is sent. What cannot be written does
//! not happen.

use axum::extract::FromRequestParts;
use bionicpro_audit::{Entry, Event, Outcome};
use bionicpro_edge::{Peer, Problem, RequestId};
use http::request::Parts;

use crate::errors;
use crate::session::Record;
use crate::state::AppState;

/// The request that a log entry is about: its id and the client's address.
#[derive(Debug, Clone)]
pub(crate) struct AuditContext {
    id: Option<RequestId>,
    pub(crate) peer: Option<Peer>,
}

impl FromRequestParts<AppState> for AuditContext {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        let (id, peer) = (parts.extensions.get().cloned(), parts.extensions.get().copied());
        Ok(AuditContext { id, peer })
    }
}

impl AuditContext {
    /// Writes an event of a signed-in person.
    ///
    /// # Errors
    /// 503 if the entry cannot be written. The endpoint must then not act, or must report a failure.
    pub(crate) async fn record(&self, bff: &AppState, event: Event, who: &Record) -> Result<(), Problem> {
        let entry = Entry::new(event, Outcome::Done).who(&who.username, &who.subject);
        self.write(bff, entry).await
    }

    /// Writes an event without a known person: a refusal, or an action of the issuer.
    ///
    /// # Errors
    /// As [`AuditContext::record`].
    pub(crate) async fn note(
        &self,
        bff: &AppState,
        event: Event,
        outcome: Outcome,
        reason: &'static str,
    ) -> Result<(), Problem> {
        self.write(bff, Entry::new(event, outcome).reason(Some(reason))).await
    }

    async fn write(&self, bff: &AppState, mut entry: Entry) -> Result<(), Problem> {
        if let Some(id) = &self.id {
            entry = entry.request(id.as_str());
        }
        if let Some(peer) = self.peer {
            entry = entry.address(peer.0);
        }
        // The cause is in the log already.
        bff.audit.record(entry).await.map_err(|_| errors::unavailable("audit"))
    }
}
