//! The BFF as a server: binds, reports its addresses, and runs until it is stopped.

use std::future::Future;
use std::net::SocketAddr;

use axum::response::Response;
use bionicpro_audit::Log;
use bionicpro_auth::{Clock, Verifier};
use bionicpro_edge::{DefaultDetails, Edge, Limiter, Options, Service, finish_changes};
use bionicpro_model::Result;
use bionicpro_store::Store;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::proxy::Upstream;
use crate::session::{Cookies, Limits, Sessions};
use crate::sign_in::{Issuer, IssuerFacts, facts};
use crate::state::{AppState, Shared};
use crate::{Config, routes};

/// Largest body that is read: back-channel requests and requests that the proxy passes on.
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// The BFF, bound and not serving yet.
pub struct Server {
    service: Service,
    edge: Edge,
    url: String,
}

impl Server {
    /// Binds the addresses and prepares everything. Sign-ins and sign-outs are written to `audit` before the
    /// response is sent. Neither the issuer nor the Reports API has to be up: `/health/ready` reports whether
    /// people can sign in.
    ///
    /// # Errors
    /// `Config` if a key of `[bff]` or `[oidc]` is missing or invalid, or if an address is in use or does not
    /// belong to this machine.
    pub async fn bind(
        config: &Config,
        oidc: &bionicpro_auth::Config,
        store: Store,
        audit: Log,
    ) -> Result<Self> {
        Server::bind_with_clock(config, oidc, store, audit, Clock::system()).await
    }

    /// Binds like [`Server::bind`], with a clock that tests control.
    pub async fn bind_with_clock(
        config: &Config,
        oidc: &bionicpro_auth::Config,
        store: Store,
        audit: Log,
        clock: Clock,
    ) -> Result<Self> {
        config.check()?;
        let verifier = Verifier::with_clock(oidc, clock.clone())?;
        let upstream = Upstream::new(config)?;
        let service = Service::bind(config.listen(), config.listen_for_metrics()).await?;
        let origin = config.origin(service.local_addr())?;
        let issuer = Issuer::new(config, oidc, verifier, clock.clone(), &origin)?;
        let limits = Limits {
            idle_s: config.idle_limit_s.into(),
            absolute_s: config.absolute_limit_s.into(),
            per_person: config.sessions_per_person.into(),
        };
        let sessions =
            Sessions::new(store.clone(), clock.clone(), issuer.name(), config.client_secret()?, limits);
        let url = origin.text.clone();
        let is_secure = origin.is_secure;
        let bff = AppState::new(Shared {
            store,
            sessions,
            issuer,
            upstream,
            cookies: Cookies::new(is_secure),
            origin,
            clock,
            audit,
            addresses: Limiter::new("bff", "address", config.sign_ins_per_minute),
        });
        let router = routes::table().with_state(bff).layer(axum::middleware::from_fn(finish_changes));
        let router = router.layer(axum::middleware::map_response(move |mut response: Response| async move {
            add_headers(response.headers_mut(), is_secure);
            response
        }));
        let options = Options {
            deadline: config.request_timeout(),
            body_bytes: MAX_BODY_BYTES,
            methods: None,
            texts: DefaultDetails::default(),
        };
        Ok(Server { service, edge: Edge::new(router, options), url })
    }

    /// Returns the bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.service.local_addr()
    }

    /// Returns the address for browsers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the bound address of the metrics listener, if there is one.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.service.metrics_addr()
    }

    /// Serves requests until `shutdown` completes. In-flight requests then get `bff.shutdown_timeout_s` to
    /// finish.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        self.service.run(self.edge, shutdown).await;
    }
}

/// Adds this service's headers to every response, besides those of the edge. HSTS is set here too, because
/// the edge does not see TLS that ends at a proxy.
fn add_headers(headers: &mut HeaderMap, is_secure: bool) {
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.append(header::VARY, HeaderValue::from_static("Origin, Sec-Fetch-Site, Cookie"));
    if is_secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
}

/// Returns what the issuer offers for sign-in and sign-out, for `bionicpro doctor`.
///
/// # Errors
/// `Config` if a key of `[bff]` is missing or invalid, `Unreachable` if the issuer does not respond.
pub async fn doctor(config: &Config, oidc: &bionicpro_auth::Config) -> Result<IssuerFacts> {
    config.check()?;
    config.client_secret()?;
    facts(oidc, Clock::system()).await
}
