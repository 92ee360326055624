//! The API as a server: binds, says where, runs until told to stop.

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

/// What the API needs of others. None of it has to be up when the API starts.
pub struct Services {
    /// The mart.
    pub reports: MartReader,
    /// Who is calling.
    pub verifier: Verifier,
    /// Where answers about people's data are written down before they leave.
    pub audit: Log,
    /// Where preferences and the bindings of login names are kept.
    pub store: Store,
}

/// The Reports API, bound and not yet answering.
pub struct Server {
    service: Service,
    edge: Edge,
    app: AppState,
}

impl Server {
    /// Takes the addresses and prepares everything. Neither the warehouse nor the issuer has to be up:
    /// `/health/ready` tells when they are.
    ///
    /// # Errors
    /// `Config` when a limit is zero, or an address is taken or not this machine's.
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

    /// Where the API answers.
    pub fn local_addr(&self) -> SocketAddr {
        self.service.local_addr()
    }

    /// Where metrics are served, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.service.metrics_addr()
    }

    /// Answers until `shutdown` completes; then requests in flight get `api.shutdown_timeout_s` to finish.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Server { service, edge, app } = self;
        tokio::select! {
            () = service.run(edge, shutdown) => {}
            () = app.reader.follow() => {}
        }
    }
}
