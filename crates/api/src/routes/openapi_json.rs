//! `GET /openapi.json`: this interface as an OpenAPI 3.1 document.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::openapi::{self, Refusals};
use crate::parameters::{NoParameters, Strict};

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "getOpenApi", tag = "Reference", responses(
    (status = 200, description = "The OpenAPI 3.1 document of this service.", body = Object),
    Refusals,
))]
pub(crate) async fn openapi_json(_: Strict<NoParameters>) -> Response {
    let media_type = HeaderValue::from_static("application/json; charset=utf-8");
    ([(header::CONTENT_TYPE, media_type)], openapi::document()).into_response()
}
