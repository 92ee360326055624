//! The server behind the BFF in most tests. It records the requests that reach it, and its responses contain
//! headers that must not be passed on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

/// The server. Dropping it stops it.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    server: JoinHandle<()>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(arrived.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Upstream { address, arrived, server }
    }

    /// Returns the requests that have arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Arrived {
    /// Returns the bearer token of the request.
    pub(crate) fn token(&self) -> String {
        let value = self.headers["authorization"].to_str().unwrap();
        value.strip_prefix("Bearer ").unwrap().to_owned()
    }
}

async fn answer(
    State(arrived): State<Arc<Mutex<Vec<Arrived>>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    _: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    arrived.lock().unwrap().push(Arrived { method, uri, headers });
    match path.as_str() {
        "/api/reports/2024-01-15" => {
            let problem =
                r#"{"type":"urn:bionicpro:problem:not-found","status":404,"request_id":"of the api"}"#;
            (StatusCode::NOT_FOUND, [("content-type", "application/problem+json")], problem).into_response()
        }
        "/api/reports/2024-01-16" => {
            (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response()
        }
        "/api/reports/2024-01-17" => {
            let problem = r#"{"type":"urn:bionicpro:problem:invalid-token","status":401}"#;
            (StatusCode::UNAUTHORIZED, [("content-type", "application/problem+json")], problem)
                .into_response()
        }
        _ => {
            let headers = [
                ("content-type", "application/json; charset=utf-8"),
                ("etag", "\"tag\""),
                ("set-cookie", "planted=1"),
                ("server", "secret/1.0"),
                ("access-control-allow-origin", "*"),
                ("x-request-id", "of the api"),
                ("cache-control", "public, max-age=999"),
            ];
            (headers, r#"{"reports":[]}"#).into_response()
        }
    }
}
