//! The issuer's endpoints, for a client that signs people in. They are read from its discovery document and
//! accepted only if they are as trustworthy as the issuer itself.

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, Utc};
use http::header;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

use crate::keys::fetch::{self, Fault};
use crate::token::json;
use crate::{Clock, Config};

/// Age from which a document is fetched again.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// Shortest time between two attempts after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// The issuer's endpoints.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Endpoints {
    /// The address to which a browser is sent to sign in.
    pub authorization: Url,
    /// The endpoint that exchanges codes and refresh tokens for tokens.
    pub token: Url,
    /// The endpoint that revokes a refresh token (RFC 7009).
    pub revocation: Option<Url>,
    /// The address to which a browser is sent to sign out (OpenID Connect RP-Initiated Logout).
    pub end_session: Option<Url>,
    /// True if every response of the authorization endpoint names the issuer (RFC 9207).
    pub answers_with_issuer: bool,
    /// True if the issuer declares support for PKCE with S256.
    pub takes_pkce: bool,
    /// True if the issuer declares that it notifies clients when a session ends.
    pub has_back_channel_logout: bool,
}

/// Fetches the discovery document when it is due, in one task at a time.
#[derive(Debug)]
pub struct Discovery {
    client: reqwest::Client,
    issuer: String,
    document: Url,
    clock: Clock,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    endpoints: Option<(Arc<Endpoints>, Duration)>,
    failed_at: Option<Duration>,
}

impl Discovery {
    /// Checks the issuer's address; sends no request.
    ///
    /// # Errors
    /// `Config` if the issuer is missing or its address is not trustworthy.
    pub fn new(config: &Config, clock: Clock) -> Result<Self> {
        let issuer = config.issuer.clone().unwrap_or_default();
        let unfit = || {
            Error::new(Kind::Config, "the issuer is missing or not trustworthy").detail("oidc.issuer").hint(
                "set oidc.issuer to an https URL, as in https://id.example.com/realms/reports-realm, or to one on loopback",
            )
        };
        let url = Url::parse(&issuer).ok().filter(fetch::is_trustworthy).ok_or_else(unfit)?;
        let document = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = Url::parse(&document).map_err(|error| unfit().source(error))?;
        let client = fetch::client(fetch::is_loopback(&url))?;
        Ok(Discovery { client, issuer, document, clock, held: Mutex::default() })
    }

    /// The issuer, as in `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The issuer's time, from the `Date` header of a response.
    ///
    /// # Errors
    /// `Unreachable` if the issuer does not answer, or without a date.
    pub async fn issuer_clock(&self) -> Result<DateTime<Utc>> {
        let unreachable = || {
            Error::new(Kind::Unreachable, "cannot get the current time from the issuer")
                .detail(self.issuer.clone())
        };
        let answer = self.client.get(self.document.clone()).send().await;
        let answer = answer.map_err(|error| unreachable().source(error))?;
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let moment = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).ok_or_else(unreachable)?;
        Ok(moment.to_utc())
    }

    /// The HTTP client for the endpoints: follows no redirects and times out after 5 seconds.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// The endpoints; the last known ones if the issuer does not answer.
    ///
    /// # Errors
    /// `Unreachable` if the issuer has not answered correctly yet.
    pub async fn endpoints(&self) -> Result<Arc<Endpoints>> {
        let mut held = self.held.lock().await;
        let now = self.clock.monotonic();
        let known = held.endpoints.clone();
        if let Some((endpoints, at)) = &known
            && now.saturating_sub(*at) < MAX_AGE
        {
            return Ok(endpoints.clone());
        }
        let is_due = held.failed_at.is_none_or(|at| now.saturating_sub(at) >= RETRY);
        let fetched = if is_due { self.fetch().await } else { Err(Fault::Connect) };
        match (fetched, known) {
            (Ok(endpoints), _) => {
                let endpoints = Arc::new(endpoints);
                *held = Held { endpoints: Some((endpoints.clone(), now)), failed_at: None };
                Ok(endpoints)
            }
            (Err(fault), known) => {
                if is_due {
                    tracing::warn!(fault = fault.as_str(), "cannot fetch the issuer's endpoints");
                    held.failed_at = Some(now);
                }
                known.map(|(endpoints, _)| endpoints).ok_or_else(|| {
                    Error::new(Kind::Unreachable, "cannot fetch the issuer's endpoints")
                        .detail(format!("{}: {}", self.issuer, fault.as_str()))
                        .hint("check oidc.issuer: its path + /.well-known/openid-configuration must answer with this same issuer")
                })
            }
        }
    }

    async fn fetch(&self) -> Result<Endpoints, Fault> {
        let bytes = fetch::get(&self.client, self.document.clone(), &["application/json"]).await?;
        let document = json::object(&bytes).ok_or(Fault::Json)?;
        if document.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(Fault::IssuerMismatch);
        }
        let optional = |name: &str| match document.get(name) {
            None => Ok(None),
            Some(value) => self.endpoint(value).map(Some),
        };
        let required = |name: &str| optional(name)?.ok_or(Fault::EndpointAddress);
        Ok(Endpoints {
            authorization: required("authorization_endpoint")?,
            token: required("token_endpoint")?,
            revocation: optional("revocation_endpoint")?,
            end_session: optional("end_session_endpoint")?,
            answers_with_issuer: is_true(&document, "authorization_response_iss_parameter_supported"),
            takes_pkce: has(&document, "code_challenge_methods_supported", "S256"),
            has_back_channel_logout: is_true(&document, "backchannel_logout_supported"),
        })
    }

    /// Accepts a trustworthy URL; an https issuer must have its endpoints on https.
    fn endpoint(&self, value: &Value) -> Result<Url, Fault> {
        let url = value.as_str().and_then(|text| Url::parse(text).ok());
        url.filter(|url| {
            fetch::is_trustworthy(url) && (url.scheme() == "https" || self.document.scheme() == "http")
        })
        .ok_or(Fault::EndpointAddress)
    }
}

fn is_true(document: &Map<String, Value>, name: &str) -> bool {
    document.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn has(document: &Map<String, Value>, name: &str, value: &str) -> bool {
    document.get(name).and_then(Value::as_array).is_some_and(|values| values.iter().any(|one| *one == value))
}
