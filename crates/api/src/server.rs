//! The API as a server: binds its addresses, reports them, and runs until shutdown.

use std::future::Future;
use std::net::SocketAddr;

use axum::middleware::{from_fn, from_fn_with_state};
use bionicpro_audit::Log;
use bionicpro_auth::Verifier;
use bionicpro_edge::{Edge, Options, Service, finish_changes};
use bionicpro_model::Result;
use bionicpro_store::Store;
use bionicpro_warehouse::reports::MartReader;

use crate::problem::TEXTS;
use crate::routes::preferences::MAX_BODY_BYTES;
use crate::state::AppState;
use crate::{Config, access, bodies, routes};

/// The services that the API depends on. None of them has to be up when the API starts.
pub struct Services {
    /// The mart.
    pub reports: MartReader,
    /// The verifier of access tokens.
    pub verifier: Verifier,
    /// The audit log, in which answers with people's data are recorded before they are sent.
    pub audit: Log,
    /// The store of preferences and of login name bindings.
    pub store: Store,
}

/// The Reports API, bound but not yet serving.
pub struct Server {
    service: Service,
    edge: Edge,
    app: AppState,
}

impl Server {
    /// Binds the addresses and prepares everything. Neither the warehouse nor the issuer has to be up:
    /// `/health/ready` reports when they are.
    ///
    /// # Errors
    /// `Config` if a limit is zero, or an address is in use or not local to this machine.
    pub async fn bind(config: &Config, services: Services) -> Result<Self> {
        config.check()?;
        let service = Service::bind(config.listen(), config.listen_for_metrics()).await?;
        let (router, _) = routes::table();
        let app = AppState::new(config, services);
        let recorded = from_fn_with_state(app.clone(), access::record);
        let router =
            router.route_layer(recorded).layer(from_fn(bodies::refuse)).layer(from_fn(finish_changes));
        let router = router.with_state(app.clone());
        let options = Options {
            deadline: config.request_timeout(),
            body_bytes: MAX_BODY_BYTES,
            methods: None,
            texts: TEXTS,
        };
        Ok(Server { service, edge: Edge::new(router, options), app })
    }

    /// The address of the API.
    pub fn local_addr(&self) -> SocketAddr {
        self.service.local_addr()
    }

    /// The address of the metrics, or `None` if they are not served.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.service.metrics_addr()
    }

    /// Serves until `shutdown` completes; then requests in flight get `api.shutdown_timeout_s` to finish.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Server { service, edge, app } = self;
        tokio::select! {
            () = service.run(edge, shutdown) => {}
            () = app.reader.follow() => {}
        }
    }
}
