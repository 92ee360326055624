//! The table of URLs. Each endpoint is a file at the path of its URL: parameters, answer, handler, tests.
//!
//! The endpoints in the table are in the OpenAPI document too, because both are built from the same
//! functions.

mod calendar;
mod docs;
mod freshness;
pub(crate) mod health;
mod openapi_json;
mod periods;
pub(crate) mod preferences;
mod prostheses;
mod reports;
mod staff;

use axum::Router;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi;
use crate::state::AppState;

/// Returns every route, and the document that describes all of them but the pages of `/docs`.
pub(crate) fn table() -> (Router<AppState>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(reports::list::list))
        .routes(routes!(reports::summary::summary))
        .routes(routes!(reports::days::days))
        .routes(routes!(reports::typical::typical))
        .routes(routes!(reports::compare::compare))
        .routes(routes!(reports::usual::usual))
        .routes(routes!(reports::export::export))
        .routes(routes!(reports::day::day))
        .routes(routes!(calendar::calendar))
        .routes(routes!(prostheses::prostheses))
        .routes(routes!(freshness::freshness))
        .routes(routes!(periods::periods))
        .routes(routes!(preferences::get, preferences::put))
        .routes(routes!(staff::pipeline::pipeline))
        .routes(routes!(staff::run::run))
        .routes(routes!(health::health))
        .routes(routes!(health::live::live))
        .routes(routes!(health::ready::ready))
        .routes(routes!(openapi_json::openapi_json))
        .route("/docs", get(docs::page))
        .route("/docs/reference.js", get(docs::script))
        .route("/docs/reference.css", get(docs::style))
        .split_for_parts()
}
