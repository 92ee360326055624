//! The API as a server: binds, says where, runs until told to stop.

use std::future::Future;
use std::net::SocketAddr;

use axum::middleware::{from_fn, from_fn_with_state};
use bionicpro_audit::Log;
use bionicpro_auth::Verifier;
use bionicpro_edge::{Edge, Listen, Listener, MetricsListener, Options};
use bionicpro_model::Result;
use bionicpro_store::Store;
use bionicpro_warehouse::reports::Reports;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::problem::TEXTS;
use crate::routes::preferences::MAX_BODY_BYTES;
use crate::{Config, access, bodies, routes};

/// What the API needs of others. None of it has to be up when the API starts.
pub struct Services {
    /// The mart.
    pub reports: Reports,
    /// Who is calling.
    pub verifier: Verifier,
    /// Where answers about people's data are written down before they leave.
    pub audit: Log,
    /// Where preferences and the bindings of login names are kept.
    pub store: Store,
}

/// The Reports API, bound and not yet answering.
pub struct Server {
    listener: Listener,
    metrics: Option<MetricsListener>,
    edge: Edge,
}

impl Server {
    /// Takes the addresses and prepares everything. Neither the warehouse nor the issuer has to be up:
    /// `/health/ready` tells when they are.
    ///
    /// # Errors
    /// `Config` when a limit is zero, or an address is taken or not this machine's.
    pub async fn bind(config: &Config, services: Services) -> Result<Self> {
        config.check()?;
        let listener = Listener::bind(config.listener()).await?;
        let metrics = match config.metrics_listen {
            Some(address) => {
                let listen = Listen::new("api", "metrics_listen", "--metrics-listen", address);
                let listen =
                    Listen { limits: config.limits(), hosts: config.metrics_hosts.clone(), ..listen };
                Some(MetricsListener::bind(listen).await?)
            }
            None => None,
        };
        let (router, _) = routes::table();
        let app = App::new(config, services);
        let recorded = from_fn_with_state(app.clone(), access::record);
        let router = router.route_layer(recorded).layer(from_fn(bodies::refuse)).with_state(app);
        let options = Options {
            deadline: config.request_timeout(),
            body_bytes: MAX_BODY_BYTES,
            methods: None,
            texts: TEXTS,
        };
        Ok(Server { listener, metrics, edge: Edge::new(router, options) })
    }

    /// Where the API answers.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Where metrics are served, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsListener::local_addr)
    }

    /// Answers until `shutdown` completes; then requests in flight get `api.shutdown_timeout_s` to finish.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let api = self.listener.serve(self.edge, stop.cancelled());
        let metrics = async {
            if let Some(metrics) = self.metrics {
                metrics.serve(stop.cancelled()).await;
            }
        };
        let stopping = async {
            shutdown.await;
            stop.cancel();
        };
        tokio::join!(api, metrics, stopping);
    }
}
