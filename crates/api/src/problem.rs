//! Errors as callers see them: RFC 9457 problems.
//!
//! A problem says what the caller can act on and never what happened inside; the log has the cause. The body is
//! written by `edge`, which knows the request id; until then a problem travels as an extension of the response.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bionicpro_model::{Error, Kind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which a caller may try again when a dependency is down.
const RETRY_AFTER_UNAVAILABLE_S: u64 = 5;

/// What is wrong, by what the caller should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slug {
    BadRequest,
    InvalidParameter,
    InvalidToken,
    InsufficientScope,
    NotFound,
    MethodNotAllowed,
    BodyTooLarge,
    UriTooLong,
    TooManyRequests,
    HeadersTooLarge,
    Internal,
    Unavailable,
    HttpVersion,
}

impl Slug {
    /// Status, the last part of `type`, and the title: the one list of them.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Slug::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "Bad request"),
            Slug::InvalidParameter => (StatusCode::BAD_REQUEST, "invalid-parameter", "Invalid parameter"),
            Slug::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid-token", "Sign in again"),
            Slug::InsufficientScope => (StatusCode::FORBIDDEN, "insufficient-scope", "Not allowed"),
            Slug::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Slug::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Slug::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "Body too large"),
            Slug::UriTooLong => (StatusCode::URI_TOO_LONG, "uri-too-long", "URI too long"),
            Slug::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            }
            Slug::HeadersTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", "Headers too large")
            }
            Slug::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Slug::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable"),
            Slug::HttpVersion => {
                (StatusCode::HTTP_VERSION_NOT_SUPPORTED, "http-version", "HTTP version not supported")
            }
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        self.row().0
    }

    /// The word for logs and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The problem of a response that a part below wrote without one, such as axum's 404 and 405.
    pub(crate) fn of_status(status: StatusCode) -> Slug {
        match status {
            StatusCode::NOT_FOUND => Slug::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Slug::MethodNotAllowed,
            status if status.is_client_error() => Slug::BadRequest,
            _ => Slug::Internal,
        }
    }

    /// What to say when there is nothing more precise.
    pub(crate) fn default_detail(self) -> &'static str {
        match self {
            Slug::NotFound => "There is nothing at this address; /docs lists what there is",
            Slug::MethodNotAllowed => "This address answers GET and HEAD only",
            Slug::Internal => "The request failed because of a defect; tell us the request_id",
            Slug::Unavailable => "The reports cannot be read at the moment; try again in a few seconds",
            Slug::BadRequest
            | Slug::InvalidParameter
            | Slug::InvalidToken
            | Slug::InsufficientScope
            | Slug::BodyTooLarge
            | Slug::UriTooLong
            | Slug::TooManyRequests
            | Slug::HeadersTooLarge
            | Slug::HttpVersion => "The request cannot be answered as it is",
        }
    }
}

/// An error on its way to the caller.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) slug: Slug,
    detail: Cow<'static, str>,
    parameter: Option<&'static str>,
    retry_after_s: Option<u64>,
    challenge: Option<HeaderValue>,
    /// Why, for the log: a word of a fixed set.
    pub(crate) reason: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(slug: Slug) -> Self {
        Problem {
            slug,
            detail: Cow::Borrowed(slug.default_detail()),
            parameter: None,
            retry_after_s: None,
            challenge: None,
            reason: None,
        }
    }

    /// A parameter that breaks its rule. The value is never repeated.
    pub(crate) fn parameter(name: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Problem::new(Slug::InvalidParameter).detail(detail);
        problem.parameter = Some(name);
        problem
    }

    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The `WWW-Authenticate` header.
    pub(crate) fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(challenge);
        self
    }

    pub(crate) fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The body, and the headers that belong to the problem.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let (status, slug, title) = self.slug.row();
        let body = ProblemBody {
            r#type: format!("urn:bionicpro:problem:{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.into_owned(),
            request_id: request_id.to_owned(),
            parameter: self.parameter.map(str::to_owned),
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.slug.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The cause goes to the log, the caller gets constant text.
///
/// Errors of this type come from the warehouse alone. Whether it is away, slow, of another schema or cut an answer
/// short, the report cannot be read now and a part of it is not shown: 503. Only a zone that it does not know, while this
/// program does, is the caller's to change.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind().as_str();
        if error.kind() == Kind::Usage {
            return Problem::parameter("tz", "tz is a region that this service does not know yet");
        }
        tracing::error!(kind, error = %error.report(), "the warehouse did not answer");
        Problem::new(Slug::Unavailable).retry_after(RETRY_AFTER_UNAVAILABLE_S).reason(kind)
    }
}

/// An error, as RFC 9457 has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Which problem this is; stable, for programs.
    #[schema(example = "urn:bionicpro:problem:not-found")]
    r#type: String,
    /// The same for people; does not change from one request to the next.
    #[schema(example = "Not found")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong with this request.
    #[schema(example = "Report not found for date 2024-01-15")]
    detail: String,
    /// Names this request in the service's log; also in the header `x-request-id`.
    request_id: String,
    /// The parameter at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
}
