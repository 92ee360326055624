//! Responses of the issuer: pages, redirects and OAuth errors.
use axum::Json;
use axum::response::{IntoResponse, Response};
use bionicpro_edge::Final;
use bionicpro_model::Error;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use url::Url;

/// An error of the token and revocation endpoints (RFC 6749, section 5.2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

impl Refusal {
    pub(crate) const fn bad(error: &'static str, description: &'static str) -> Self {
        Refusal { status: StatusCode::BAD_REQUEST, error, description }
    }

    pub(crate) const fn unauthorized(error: &'static str, description: &'static str) -> Self {
        Refusal { status: StatusCode::UNAUTHORIZED, error, description }
    }

    /// Logs an internal error of the issuer; the client gets no details.
    pub(crate) fn broken(error: &Error) -> Self {
        tracing::error!(error = error as &dyn std::error::Error, "the demo issuer cannot answer");
        Refusal {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: "server_error",
            description: "see the demo's log",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": self.error, "error_description": self.description}));
        let mut response = (self.status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        response.extensions_mut().insert(Final);
        if self.error == "invalid_client" && self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"reports-realm\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// An HTML page without scripts. `form_goes_to` is the address to which the response to its form may redirect
/// the browser.
pub(crate) fn page(status: StatusCode, html: String, form_goes_to: Option<&str>) -> Response {
    let origin = form_goes_to
        .and_then(|uri| Url::parse(uri).ok())
        .map(|url| format!(" {}", url.origin().ascii_serialization()));
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'",
        origin.unwrap_or_default()
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept-Language, Cookie"),
    ];
    let mut response = (status, headers, html).into_response();
    response.extensions_mut().insert(Final);
    response
}

/// Redirects the browser, with GET. The address is one that the client has registered.
pub(crate) fn redirect(uri: &str, parameters: &[(&str, Option<&str>)]) -> Response {
    let Ok(mut url) = Url::parse(uri) else {
        return Refusal::bad("invalid_request", "the redirect address is not a valid URL").into_response();
    };
    let given = parameters.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
    if given.clone().next().is_some() {
        url.query_pairs_mut().extend_pairs(given);
    }
    let headers = [(header::LOCATION, url.as_str()), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::SEE_OTHER, headers).into_response()
}
