//! `/metrics` for Prometheus, on a separate listener, because the metrics are for operators and not for
//! callers.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bionicpro_model::Result;
use http::{HeaderValue, header};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::metrics::{self, UPKEEP_EVERY};
use crate::{DefaultDetails, Edge, Listen, Listener, Options};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// Rendering is in memory; taking longer than this is a defect.
const DEADLINE: Duration = Duration::from_secs(10);

/// The listener for the process's metrics, bound and not serving yet.
pub struct MetricsListener {
    listener: Listener,
    recorder: &'static PrometheusHandle,
}

impl MetricsListener {
    /// Binds the address and installs the process's recorder.
    ///
    /// # Errors
    /// Those of [`Listener::bind`] and [`metrics::recorder`].
    pub async fn bind(listen: Listen) -> Result<Self> {
        Ok(MetricsListener { listener: Listener::bind(listen).await?, recorder: metrics::recorder()? })
    }

    /// Returns the bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Serves the process's metrics until `shutdown` completes.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let recorder = self.recorder;
        let router = Router::new().route("/metrics", get(move || async move { page(recorder) }));
        let texts = DefaultDetails {
            not_found: "There is nothing at this address but /metrics",
            ..DefaultDetails::default()
        };
        let options = Options { deadline: DEADLINE, body_bytes: 0, methods: None, texts };
        let serving = self.listener.serve(Edge::new(router, options), shutdown);
        let upkeep = async {
            loop {
                tokio::time::sleep(UPKEEP_EVERY).await;
                recorder.run_upkeep();
            }
        };
        tokio::select! {
            () = serving => {}
            () = upkeep => {}
        }
    }
}

fn page(recorder: &PrometheusHandle) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], recorder.render()).into_response()
}
