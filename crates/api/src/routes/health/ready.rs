//! `GET /health/ready`: whether reports can be answered now, with each dependency's state.
//!
//! A balancer sends no requests here while it says 503. The dependencies are asked at most once a second.

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

/// Whether reports can be answered now.
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

/// What the service needs, and how it is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct Dependencies {
    /// The ClickHouse that holds the mart: lets the reader in and has the mart's tables.
    warehouse: DependencyState,
    /// The keys that tokens are checked with.
    issuer: DependencyState,
}

/// `stale`: the issuer does not answer, its keys of less than an hour ago still serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DependencyState {
    Ok,
    Stale,
    Unavailable,
}

/// Whether reports can be answered now.
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

/// The question is one that reports ask too: an engine without the mart is of no use here.
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
