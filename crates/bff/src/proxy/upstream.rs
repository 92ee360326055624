//! The Reports API behind the BFF: one address from the configuration, which no request can change.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use bionicpro_edge::{Final, MEDIA_TYPE, Peer, Problem, RequestId};
use bionicpro_model::{Error, Kind, Result as ModelResult};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use reqwest::redirect;
use serde_json::{Map, Value};
use url::Url;

use super::headers;
use crate::{Config, errors, metrics};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Connect timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout for the next piece of a response.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest response that is passed on. A year of hours as CSV has 2 MB.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Largest problem that is read.
const MAX_PROBLEM_BYTES: usize = 16 * 1024;

/// The client for the API; connections are reused.
#[derive(Debug)]
pub(crate) struct Upstream {
    client: reqwest::Client,
    api: Url,
}

impl Upstream {
    pub(crate) fn new(config: &Config) -> ModelResult<Self> {
        let failed = |error: reqwest::Error| {
            Error::new(Kind::Config, "the HTTP client for the Reports API cannot be set up")
                .detail("bff.api_url")
                .source(error)
                .hint("name the certificate authority in bff.api_ca_file, or install the system's (ca-certificates)")
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("bionicpro-bff/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT);
        if let Some(file) = &config.api_ca_file {
            let pem = std::fs::read(file).map_err(|error| {
                Error::new(Kind::Config, "the certificate authority of the Reports API cannot be read")
                    .detail(format!("bff.api_ca_file = {}", file.display()))
                    .source(error)
            })?;
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).map_err(failed)?);
        } else if config.api_url.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        }
        Ok(Upstream { client: builder.build().map_err(failed)?, api: config.api_url.clone() })
    }

    /// Sends a request to the API and streams its response back.
    pub(super) async fn ask(
        &self,
        request: &Parts,
        body: Bytes,
        access_token: &str,
        id: Option<&RequestId>,
        peer: Option<Peer>,
    ) -> Result<Response, Problem> {
        let mut url = self.api.clone();
        url.set_path(request.uri.path());
        url.set_query(request.uri.query());
        let mut asked = self
            .client
            .request(request.method.clone(), url)
            .headers(headers::of_request(&request.headers))
            .bearer_auth(access_token);
        if let Some(Peer(address)) = peer {
            // For the API's access log, if this service is one of its trusted proxies.
            asked = asked.header(FORWARDED_FOR, address.to_string());
        }
        if !body.is_empty() {
            asked = asked.body(body);
        }
        let answer = asked.send().await.map_err(|error| {
            metrics::count_upstream_failure();
            // Without the URL, because its query is personal data.
            tracing::error!(error = %error.without_url(), "the reports api does not answer");
            errors::unavailable("api")
        })?;
        let (parts, answer) = http::Response::<reqwest::Body>::from(answer).into_parts();
        if parts.status.is_redirection() && parts.status != StatusCode::NOT_MODIFIED {
            metrics::count_upstream_failure();
            tracing::error!(status = parts.status.as_u16(), "the reports api responded with a redirect");
            return Err(errors::unavailable("api"));
        }
        let mut passed = headers::of_response(&parts.headers);
        if request.method == http::Method::HEAD
            && let Some(length) = parts.headers.get(header::CONTENT_LENGTH)
        {
            passed.insert(header::CONTENT_LENGTH, length.clone());
        }
        if parts.headers.get(header::CONTENT_TYPE).is_some_and(|value| value == MEDIA_TYPE) {
            return Ok(problem(parts.status, passed, answer, id).await);
        }
        let mut response = Body::new(Limited::new(answer, MAX_ANSWER_BYTES)).into_response();
        *response.status_mut() = parts.status;
        *response.headers_mut() = passed;
        Ok(response)
    }
}

/// Rewrites a problem of the API to carry this service's request id, which is the one that the user can
/// report.
async fn problem(
    status: StatusCode,
    mut passed: http::HeaderMap,
    answer: reqwest::Body,
    id: Option<&RequestId>,
) -> Response {
    let read = Limited::new(answer, MAX_PROBLEM_BYTES).collect().await.map(|body| body.to_bytes());
    let problem = read.ok().and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok());
    let mut response = status.into_response();
    if let Some(mut problem) = problem {
        let at_the_api = problem.get("request_id").and_then(Value::as_str);
        tracing::info!(api_request_id = at_the_api, "the reports api responded with a problem");
        if let Some(id) = id {
            problem.insert("request_id".to_owned(), Value::from(id.as_str()));
        }
        passed.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        *response.body_mut() = Body::from(Value::Object(problem).to_string());
        response.extensions_mut().insert(Final);
    }
    *response.headers_mut() = passed;
    response
}
