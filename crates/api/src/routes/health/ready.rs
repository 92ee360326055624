//! `GET /health/ready`: the readiness to answer requests for reports, with each dependency's state.
//!
//! A load balancer sends no requests here while this answers 503. The dependencies are checked at most once a
//! second.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bionicpro_auth::KeyState;
use bionicpro_edge::Final;
use http::StatusCode;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::metrics;
use crate::openapi::Refusals;
use crate::parameters::{NoParameters, Strict};
use crate::state::AppState;

/// A dependency that takes longer than this counts as unavailable.
const PATIENCE: Duration = Duration::from_secs(2);

/// The readiness to answer requests for reports.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` when no dependency is unavailable.
    status: ReadinessStatus,
    dependencies: Dependencies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReadinessStatus {
    Ready,
    Unavailable,
}

/// The states of the dependencies.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct Dependencies {
    /// The ClickHouse that holds the mart: `ok` if it accepts the reader's credentials and has the mart's
    /// tables.
    warehouse: DependencyState,
    /// The issuer's keys, with which tokens are verified.
    issuer: DependencyState,
}

/// `stale`: the issuer does not answer, and its keys from less than an hour ago are still in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DependencyState {
    Ok,
    Stale,
    Unavailable,
}

/// The readiness to answer requests for reports.
#[utoipa::path(get, path = "/health/ready", operation_id = "getReadiness", tag = "Health", responses(
    (status = 200, description = "Reports can be answered.", body = Readiness),
    (status = 503, description = "A dependency is unavailable.", body = Readiness),
    Refusals,
))]
pub(crate) async fn ready(_: Strict<NoParameters>, State(app): State<AppState>) -> Response {
    let Ok(readiness) = app.readiness.get(async { Ok::<_, Infallible>(look(&app).await) }).await;
    let mut response = Answer(readiness).into_response();
    if readiness.status == ReadinessStatus::Unavailable {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.extensions_mut().insert(Final);
    }
    response
}

async fn look(app: &AppState) -> Readiness {
    let (warehouse, issuer) = tokio::join!(warehouse(app), issuer(app));
    metrics::gauge_dependency("warehouse", warehouse != DependencyState::Unavailable);
    metrics::gauge_dependency("issuer", issuer != DependencyState::Unavailable);
    let status = match [warehouse, issuer].contains(&DependencyState::Unavailable) {
        true => ReadinessStatus::Unavailable,
        false => ReadinessStatus::Ready,
    };
    Readiness { status, dependencies: Dependencies { warehouse, issuer } }
}

/// Sends a query that reports send too, because an engine without the mart is of no use.
async fn warehouse(app: &AppState) -> DependencyState {
    match timeout(PATIENCE, app.reports.freshness()).await {
        Ok(Ok(_)) => DependencyState::Ok,
        Ok(Err(error)) => {
            tracing::warn!(kind = error.kind().as_str(), error = %error.report(), "the warehouse is unavailable");
            DependencyState::Unavailable
        }
        Err(_elapsed) => {
            tracing::warn!("the warehouse did not answer in time");
            DependencyState::Unavailable
        }
    }
}

async fn issuer(app: &AppState) -> DependencyState {
    match timeout(PATIENCE, app.verifier.ready()).await {
        Ok(KeyState::Fresh { .. }) => DependencyState::Ok,
        Ok(KeyState::Stale { .. }) => DependencyState::Stale,
        Ok(KeyState::Unavailable) | Err(_) => DependencyState::Unavailable,
    }
}
