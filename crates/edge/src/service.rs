//! A service of this program: its listener and the one of its metrics, which begin and end together.

use std::future::Future;
use std::net::SocketAddr;

use bionicpro_model::Result;
use tokio_util::sync::CancellationToken;

use crate::{Edge, Listen, Listener, MetricsListener};

/// A service whose addresses are taken, not yet answering.
pub struct Service {
    listener: Listener,
    metrics: Option<MetricsListener>,
}

impl Service {
    /// Takes the addresses; without the second one, metrics are served nowhere.
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

    /// Where the service answers.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Where its metrics are served, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsListener::local_addr)
    }

    /// Answers until `shutdown` completes; then requests in flight get the section's `shutdown_timeout_s` to finish.
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
