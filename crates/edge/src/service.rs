//! A service of this program: its listener and the listener of its metrics, which start and stop together.

use std::future::Future;
use std::net::SocketAddr;

use bionicpro_model::Result;
use tokio_util::sync::CancellationToken;

use crate::{Edge, Listen, Listener, MetricsListener};

/// A service whose addresses are bound, not serving yet.
pub struct Service {
    listener: Listener,
    metrics: Option<MetricsListener>,
}

impl Service {
    /// Binds the addresses. Without the second one, metrics are not served.
    ///
    /// # Errors
    /// Those of [`Listener::bind`] and [`MetricsListener::bind`].
    pub async fn bind(listen: Listen, metrics: Option<Listen>) -> Result<Self> {
        let listener = Listener::bind(listen).await?;
        let metrics = match metrics {
            Some(listen) => Some(MetricsListener::bind(listen).await?),
            None => None,
        };
        Ok(Service { listener, metrics })
    }

    /// Returns the bound address of the service.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Returns the bound address of the metrics listener, if there is one.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsListener::local_addr)
    }

    /// Serves requests until `shutdown` completes. In-flight requests then get the section's
    /// `shutdown_timeout_s` to finish.
    pub async fn run(self, edge: Edge, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let service = self.listener.serve(edge, stop.cancelled());
        let metrics = async {
            if let Some(metrics) = self.metrics {
                metrics.serve(stop.cancelled()).await;
            }
        };
        let stopping = async {
            shutdown.await;
            stop.cancel();
        };
        tokio::join!(service, metrics, stopping);
    }
}
