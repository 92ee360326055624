//! Errors as callers see them: RFC 9457 problems.
//!
//! A problem contains what the caller can act on, never the internal cause, which is in the log. The body is
//! written by [`crate::Edge`], which knows the request id; until then a problem travels as a response
//! extension.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bionicpro_model::{Error, Kind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// `Retry-After` in seconds when a dependency is down.
const RETRY_AFTER_UNAVAILABLE_S: u64 = 5;

/// The kinds of problems, distinguished by what the caller should do.
#[expect(missing_docs, reason = "each is described by its row, in `Slug::row`")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    BadRequest,
    InvalidParameter,
    InvalidToken,
    InsufficientScope,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    BodyTooLate,
    BodyTooLarge,
    TooLittleData,
    UriTooLong,
    UnsupportedMediaType,
    Misdirected,
    TooManyRequests,
    HeadersTooLarge,
    Internal,
    Unavailable,
    HttpVersion,
}

impl ProblemKind {
    /// Returns the status, the last part of `type`, and the title. The only list of them.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            ProblemKind::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "Bad request"),
            ProblemKind::InvalidParameter => {
                (StatusCode::BAD_REQUEST, "invalid-parameter", "Invalid parameter")
            }
            ProblemKind::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid-token", "Sign in again"),
            ProblemKind::InsufficientScope => (StatusCode::FORBIDDEN, "insufficient-scope", "Not allowed"),
            ProblemKind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            ProblemKind::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            ProblemKind::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            ProblemKind::BodyTooLate => (StatusCode::REQUEST_TIMEOUT, "body-too-late", "Body too late"),
            ProblemKind::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "Body too large"),
            ProblemKind::TooLittleData => {
                (StatusCode::UNPROCESSABLE_ENTITY, "too-little-data", "Too little data")
            }
            ProblemKind::UriTooLong => (StatusCode::URI_TOO_LONG, "uri-too-long", "URI too long"),
            ProblemKind::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Media type not supported")
            }
            ProblemKind::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "misdirected", "Wrong host"),
            ProblemKind::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            }
            ProblemKind::HeadersTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", "Headers too large")
            }
            ProblemKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            ProblemKind::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable")
            }
            ProblemKind::HttpVersion => {
                (StatusCode::HTTP_VERSION_NOT_SUPPORTED, "http-version", "HTTP version not supported")
            }
        }
    }

    /// Returns the HTTP status.
    pub fn status(self) -> StatusCode {
        self.row().0
    }

    /// Returns the word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// Returns the problem for a response that an inner layer wrote without one, such as axum's 404 and 405.
    pub fn of_status(status: StatusCode) -> ProblemKind {
        match status {
            StatusCode::NOT_FOUND => ProblemKind::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => ProblemKind::MethodNotAllowed,
            status if status.is_client_error() => ProblemKind::BadRequest,
            _ => ProblemKind::Internal,
        }
    }
}

/// A service's detail texts for problems without one.
#[derive(Debug, Clone, Copy)]
pub struct DefaultDetails {
    /// No route matches the path.
    pub not_found: &'static str,
    /// The path does not allow the method.
    pub method_not_allowed: &'static str,
    /// A dependency is down, or the deadline has passed.
    pub unavailable: &'static str,
}

impl Default for DefaultDetails {
    fn default() -> Self {
        DefaultDetails {
            not_found: "There is nothing at this address",
            method_not_allowed: "This address does not answer this method; the header Allow says which it does",
            unavailable: "The request cannot be answered at the moment; try again in a few seconds",
        }
    }
}

impl DefaultDetails {
    fn of(&self, kind: ProblemKind) -> &'static str {
        match kind {
            ProblemKind::NotFound => self.not_found,
            ProblemKind::MethodNotAllowed => self.method_not_allowed,
            ProblemKind::Unavailable => self.unavailable,
            ProblemKind::Internal => "The request failed because of a defect; tell us the request_id",
            ProblemKind::BadRequest
            | ProblemKind::InvalidParameter
            | ProblemKind::InvalidToken
            | ProblemKind::InsufficientScope
            | ProblemKind::Forbidden
            | ProblemKind::BodyTooLate
            | ProblemKind::BodyTooLarge
            | ProblemKind::UriTooLong
            | ProblemKind::UnsupportedMediaType
            | ProblemKind::TooLittleData
            | ProblemKind::Misdirected
            | ProblemKind::TooManyRequests
            | ProblemKind::HeadersTooLarge
            | ProblemKind::HttpVersion => "The request cannot be answered as it is",
        }
    }
}

/// An error on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: Option<Cow<'static, str>>,
    parameter: Option<Cow<'static, str>>,
    retry_after_s: Option<u64>,
    challenge: Option<Box<HeaderValue>>,
    /// The reason for the log, a word of a fixed set.
    reason: Option<&'static str>,
    /// True if a credential is refused, whatever the status.
    is_of_credential: bool,
}

impl Problem {
    /// Creates a problem with the service's default text.
    pub fn new(kind: ProblemKind) -> Self {
        Problem {
            kind,
            detail: None,
            parameter: None,
            retry_after_s: None,
            challenge: None,
            reason: None,
            is_of_credential: false,
        }
    }

    /// Creates a problem for an invalid parameter. Its value is never repeated.
    pub fn parameter(name: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Problem::new(ProblemKind::InvalidParameter).detail(detail);
        problem.parameter = Some(Cow::Borrowed(name));
        problem
    }

    /// Sets the detail: what is wrong with this request, and what to do. It must not repeat a value that the
    /// caller sent.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the parameter at fault.
    pub fn at(mut self, parameter: &'static str) -> Self {
        self.parameter = Some(Cow::Borrowed(parameter));
        self
    }

    /// Sets the `Retry-After` header.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Sets the `WWW-Authenticate` header.
    pub fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(Box::new(challenge));
        self
    }

    /// Sets the reason for the log, a word of a fixed set. The caller does not see it.
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Marks this as a refused credential although the status is not 401: it counts against the refusal
    /// budget of its address, and refusals beyond the budget are delayed.
    pub fn of_credential(mut self) -> Self {
        self.is_of_credential = true;
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Returns the reason for the log, if one was set.
    pub fn why(&self) -> Option<&'static str> {
        self.reason
    }

    pub(crate) fn is_of_credential(&self) -> bool {
        self.is_of_credential
    }

    /// Renders the body and the headers that belong to the problem.
    pub(crate) fn render(self, request_id: &str, texts: &DefaultDetails) -> Response {
        let (status, kind, title) = self.kind.row();
        let body = ProblemBody {
            r#type: format!("urn:bionicpro:problem:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.unwrap_or(Cow::Borrowed(texts.of(self.kind))).into_owned(),
            request_id: request_id.to_owned(),
            parameter: self.parameter.map(Cow::into_owned),
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, *challenge);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Logs the cause; the caller gets constant text.
///
/// An error of this type that reaches an endpoint comes from a dependency. Whether the dependency is down, is
/// slow, has another schema or cut its response short, the request cannot be served now, and a partial
/// response is not shown: 503. Only a usage error is the caller's to correct: its sentence is written for the
/// caller, and its detail names the parameter.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind().as_str();
        if error.kind() == Kind::Usage {
            let mut problem = Problem::new(ProblemKind::InvalidParameter).detail(error.message());
            problem.parameter = error.detail_text().map(|name| Cow::Owned(name.to_owned()));
            return problem;
        }
        tracing::error!(kind, error = %error.report(), "a dependency failed");
        Problem::new(ProblemKind::Unavailable).retry_after(RETRY_AFTER_UNAVAILABLE_S).reason(kind)
    }
}

/// An error in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The type of the problem; stable, for programs.
    #[schema(example = "urn:bionicpro:problem:not-found")]
    r#type: String,
    /// The same for people; does not change from one request to the next.
    #[schema(example = "Not found")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// An explanation of what is wrong with this request.
    #[schema(example = "Report not found for date 2024-01-15")]
    detail: String,
    /// The id of this request in the service's log; also in the header `x-request-id`.
    request_id: String,
    /// The parameter at fault, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
}
