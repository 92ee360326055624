//! Errors as callers see them: RFC 9457 problems.
//!
//! A problem says what the caller can act on and never what happened inside; the log has the cause. The body is
//! written by [`crate::Edge`], which knows the request id; until then a problem travels as an extension of the response.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bionicpro_model::{Error, Kind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which a caller may try again when a dependency is down.
const RETRY_AFTER_UNAVAILABLE_S: u64 = 5;

/// What is wrong, by what the caller should do about it.
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
    /// Status, the last part of `type`, and the title: the one list of them.
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

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        self.row().0
    }

    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The problem of a response that a part below wrote without one, such as axum's 404 and 405.
    pub fn of_status(status: StatusCode) -> ProblemKind {
        match status {
            StatusCode::NOT_FOUND => ProblemKind::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => ProblemKind::MethodNotAllowed,
            status if status.is_client_error() => ProblemKind::BadRequest,
            _ => ProblemKind::Internal,
        }
    }
}

/// What a service says where a problem says nothing more precise.
#[derive(Debug, Clone, Copy)]
pub struct DefaultDetails {
    /// There is nothing at the address.
    pub not_found: &'static str,
    /// The address does not answer the method.
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
    /// Why, for the log: a word of a fixed set.
    reason: Option<&'static str>,
    /// A credential is refused, whatever the status says.
    is_of_credential: bool,
}

impl Problem {
    /// A problem with the text that the service has for it.
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

    /// A parameter that breaks its rule. The value is never repeated.
    pub fn parameter(name: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Problem::new(ProblemKind::InvalidParameter).detail(detail);
        problem.parameter = Some(Cow::Borrowed(name));
        problem
    }

    /// What is wrong with this request, and what to do. Never a value that the caller sent.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the parameter at fault.
    pub fn at(mut self, parameter: &'static str) -> Self {
        self.parameter = Some(Cow::Borrowed(parameter));
        self
    }

    /// The `Retry-After` header.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The `WWW-Authenticate` header.
    pub fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(Box::new(challenge));
        self
    }

    /// Why, for the log: a word of a fixed set. The caller does not see it.
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Says that a credential is refused where the status is not 401: it counts as one, and many of them are given late.
    pub fn of_credential(mut self) -> Self {
        self.is_of_credential = true;
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The word for the log, if one was given.
    pub fn why(&self) -> Option<&'static str> {
        self.reason
    }

    pub(crate) fn is_of_credential(&self) -> bool {
        self.is_of_credential
    }

    /// The body, and the headers that belong to the problem.
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

/// The cause goes to the log, the caller gets constant text.
///
/// An error of this type that reaches an endpoint comes from a dependency. Whether it is away, slow, of another schema or
/// cut an answer short, the request cannot be answered now, and a part of an answer is not shown: 503. Only an error of
/// usage is the caller's to change: its sentence is for them, its detail names the parameter.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind().as_str();
        if error.kind() == Kind::Usage {
            let mut problem = Problem::new(ProblemKind::InvalidParameter).detail(error.message());
            problem.parameter = error.detail_text().map(|name| Cow::Owned(name.to_owned()));
            return problem;
        }
        tracing::error!(kind, error = %error.report(), "a dependency did not answer");
        Problem::new(ProblemKind::Unavailable).retry_after(RETRY_AFTER_UNAVAILABLE_S).reason(kind)
    }
}

/// An error, as RFC 9457 has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
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
