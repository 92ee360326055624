//! The state shared by the endpoints.

use std::net::IpAddr;
use std::sync::Arc;

use bionicpro_audit::Log;
use bionicpro_auth::Clock;
use bionicpro_edge::Limiter;
use bionicpro_store::Store;

use crate::config::Origin;
use crate::proxy::Upstream;
use crate::session::{Cookies, Sessions};
use crate::sign_in::Issuer;

/// The state of the router.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) issuer: Issuer,
    pub(crate) upstream: Upstream,
    pub(crate) cookies: Cookies,
    pub(crate) origin: Origin,
    pub(crate) clock: Clock,
    pub(crate) audit: Log,
    /// Limits sign-ins by the address that begins them.
    pub(crate) addresses: Limiter<IpAddr>,
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        AppState(Arc::new(shared))
    }
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
