//! The table of URLs. An endpoint is a file, where its URL says: parameters, answer, handler, tests.
//!
//! What is in the table is in the OpenAPI document too, because both are made from the same functions.

mod docs;
pub(crate) mod health;
mod openapi_json;
mod reports;

use axum::Router;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi;

/// Every route, and the document that describes those that are an interface.
pub(crate) fn table() -> (Router<App>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(reports::list::list))
        .routes(routes!(reports::summary::summary))
        .routes(routes!(reports::day::day))
        .routes(routes!(health::health))
        .routes(routes!(health::live::live))
        .routes(routes!(health::ready::ready))
        .routes(routes!(openapi_json::openapi_json))
        .route("/docs", get(docs::page))
        .route("/docs/reference.js", get(docs::script))
        .route("/docs/reference.css", get(docs::style))
        .split_for_parts()
}
