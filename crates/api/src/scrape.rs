//! `/metrics` for Prometheus, on a listener of its own: operators' numbers, not callers'.

use std::future::Future;

use axum::body::Body;
use axum::response::IntoResponse;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::accept::{self, Limits};
use crate::metrics::UPKEEP_EVERY;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Serves the process's metrics until `shutdown` completes.
pub(crate) async fn serve(
    listener: TcpListener,
    limits: Limits,
    recorder: &'static PrometheusHandle,
    shutdown: impl Future<Output = ()>,
) {
    let serving = accept::serve(
        listener,
        limits,
        move |_, request| async move { answer(&request, recorder) },
        shutdown,
    );
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

fn answer(request: &Request<Incoming>, recorder: &PrometheusHandle) -> Response<Body> {
    match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => {
            ([(header::CONTENT_TYPE, MEDIA_TYPE)], recorder.render()).into_response()
        }
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,HEAD")]).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
