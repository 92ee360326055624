//! Who may read reports: a verified person with the role, within their rate. Handlers hold it as a value.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::FromRequestParts;
use bionicpro_auth::{Caller, Rejection};
use http::StatusCode;
use http::request::Parts;

use crate::app::App;
use crate::metrics;
use crate::problem::{Problem, Slug};
use crate::rate;

/// Seconds after which tokens may be checked again when the issuer's keys are not at hand.
const RETRY_AFTER_KEYS_S: u64 = 5;

/// The address at the other end of the connection; of a proxy, where there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A person who may read their own reports. Whose reports, comes from here and from nothing else in a request.
pub(crate) struct Wearer {
    /// The login name of the verified token. For the caller's own answer and the mart, never for a log.
    pub(crate) name: String,
}

impl FromRequestParts<App> for Wearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let now = Instant::now();
        let caller = match Caller::authenticate(&parts.headers, &parts.uri, &app.verifier).await {
            Ok(caller) => caller,
            Err(rejection) => {
                // Only failures count against an address: a proxy in front of many people is one address.
                if let Some(Peer(peer)) = parts.extensions.get::<Peer>()
                    && rejection.status() == StatusCode::UNAUTHORIZED
                    && let Err(wait_s) = app.addresses.charge(rate::place(peer.ip()), now)
                {
                    return Err(too_many("address", wait_s));
                }
                return Err(rejection.into());
            }
        };
        let claims = caller.claims();
        app.people.charge(claims.subject.clone(), now).map_err(|wait_s| too_many("person", wait_s))?;
        claims.require_person()?;
        claims.require_role(app.verifier.required_role())?;
        Ok(Wearer { name: claims.username.clone() })
    }
}

fn too_many(who: &'static str, wait_s: u64) -> Problem {
    metrics::count_rate_limited(who);
    Problem::new(Slug::TooManyRequests)
        .detail("Too many requests in a short time; wait as long as the header Retry-After says")
        .retry_after(wait_s)
        .reason(who)
}

/// What the caller is told is the rejection's own text, the same for every bad token.
impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let slug = match rejection {
            Rejection::Missing | Rejection::Invalid(_) => Slug::InvalidToken,
            Rejection::InvalidRequest(_) => Slug::BadRequest,
            Rejection::Forbidden(_) => Slug::InsufficientScope,
            Rejection::Unavailable(_) => Slug::Unavailable,
        };
        let mut problem = Problem::new(slug).detail(rejection.detail()).reason(rejection.reason().as_str());
        if let Some(challenge) = rejection.challenge() {
            problem = problem.challenge(challenge);
        }
        match slug {
            Slug::Unavailable => problem.retry_after(RETRY_AFTER_KEYS_S),
            _ => problem,
        }
    }
}
