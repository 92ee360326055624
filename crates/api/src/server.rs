//! The API as a server: binds, says where, runs until told to stop.

use std::future::Future;
use std::net::SocketAddr;

use bionicpro_auth::Verifier;
use bionicpro_model::{Error, Kind, Result};
use bionicpro_warehouse::reports::Reports;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::accept::{self, Limits};
use crate::app::App;
use crate::edge::Edge;
use crate::{Config, metrics, routes, scrape};

/// The Reports API, bound and not yet answering.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    metrics: Option<Metrics>,
    limits: Limits,
    edge: Edge,
}

struct Metrics {
    listener: TcpListener,
    address: SocketAddr,
    recorder: &'static PrometheusHandle,
}

impl Server {
    /// Takes the addresses and prepares everything. Neither the warehouse nor the issuer has to be up:
    /// `/health/ready` tells when they are.
    ///
    /// # Errors
    /// `Config` when a limit is zero, or an address is taken or not this machine's.
    pub async fn bind(config: &Config, reports: Reports, verifier: Verifier) -> Result<Self> {
        config.check()?;
        let (listener, address) = listen(config.listen, "api.listen", "--listen").await?;
        let metrics = match config.metrics_listen {
            Some(address) => {
                let (listener, address) = listen(address, "api.metrics_listen", "--metrics-listen").await?;
                Some(Metrics { listener, address, recorder: metrics::recorder()? })
            }
            None => None,
        };
        let (router, _) = routes::table();
        let router = router.with_state(App::new(config, reports, verifier));
        let edge = Edge::new(router, config.request_timeout());
        Ok(Server { listener, address, metrics, limits: Limits::new(config), edge })
    }

    /// Where the API answers.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are served, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|metrics| metrics.address)
    }

    /// Answers until `shutdown` completes; then requests in flight get `api.shutdown_timeout_s` to finish.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let edge = self.edge;
        let api = accept::serve(
            self.listener,
            self.limits,
            move |peer, request| edge.clone().answer(peer, request),
            stop.cancelled(),
        );
        let metrics = async {
            if let Some(Metrics { listener, recorder, .. }) = self.metrics {
                scrape::serve(listener, self.limits, recorder, stop.cancelled()).await;
            }
        };
        let stopping = async {
            shutdown.await;
            stop.cancel();
        };
        tokio::join!(api, metrics, stopping);
    }
}

async fn listen(
    address: SocketAddr,
    key: &'static str,
    flag: &'static str,
) -> Result<(TcpListener, SocketAddr)> {
    let refused = |error: std::io::Error| {
        Error::new(Kind::Config, "the API cannot listen there")
            .detail(address.to_string())
            .hint(format!("free the port or choose another with {flag} or {key}; port 0 takes a free one"))
            .source(error)
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
