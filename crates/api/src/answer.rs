//! A successful answer: JSON that names its encoding.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;

pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The JSON body of a 200.
#[derive(Debug)]
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        if response.status().is_success() {
            response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
        }
        response
    }
}
