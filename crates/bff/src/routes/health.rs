//! `/health`, `/health/live`, `/health/ready`: for supervisors, load balancers and monitors, like the Reports
//! API's.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bionicpro_edge::Final;
use http::StatusCode;
use serde_json::{Value, json};

use crate::state::AppState;

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "healthy", "version": env!("CARGO_PKG_VERSION")}))
}

pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// Reports whether people can sign in and their sessions can be found. The Reports API has its own readiness.
pub(super) async fn ready(State(bff): State<AppState>) -> Response {
    let (store, issuer) = tokio::join!(bff.store.ping(), bff.issuer.is_ready());
    let word = |is_ready| if is_ready { "ok" } else { "unavailable" };
    let is_ready = store.is_ok() && issuer;
    let body = json!({
        "status": if is_ready { "ready" } else { "unavailable" },
        "dependencies": {"store": word(store.is_ok()), "issuer": word(issuer)},
    });
    match is_ready {
        true => Json(body).into_response(),
        false => {
            let mut response = (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
            response.extensions_mut().insert(Final);
            response
        }
    }
}
