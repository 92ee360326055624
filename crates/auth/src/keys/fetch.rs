//! Fetches the discovery document and the key set over HTTP, within limits of size and time.
//!
//! Requests go to two addresses only: the issuer's discovery document, and the key set that it (or the
//! configuration) names. Nothing in a token can add a third.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use http::{StatusCode, header};
use reqwest::redirect;
use serde_json::Value;
use url::{Host, Url};

use super::set::{Dropped, KeySet};
use crate::Config;
use crate::token::json;

/// Timeout for one document, from the first byte sent to the last byte received.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Largest document, in bytes. Keycloak's key set has 3 KB.
const MAX_BYTES: usize = 256 * 1024;

/// Age from which the address of the key set is looked up in the discovery document again.
const DISCOVERY_MAX_AGE: Duration = Duration::from_secs(3600);

/// The reason why a fetch failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Connect,
    Timeout,
    Status,
    ContentType,
    ContentEncoding,
    TooLarge,
    Json,
    IssuerMismatch,
    KeySetAddress,
    EndpointAddress,
    NoUsableKey,
}

impl Fault {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Fault::Connect => "connect",
            Fault::Timeout => "timeout",
            Fault::Status => "status",
            Fault::ContentType => "content_type",
            Fault::ContentEncoding => "content_encoding",
            Fault::TooLarge => "too_large",
            Fault::Json => "json",
            Fault::IssuerMismatch => "issuer_mismatch",
            Fault::KeySetAddress => "key_set_address",
            Fault::EndpointAddress => "endpoint_address",
            Fault::NoUsableKey => "no_usable_key",
        }
    }
}

/// The addresses from which the issuer's keys are fetched.
#[derive(Debug)]
pub(crate) struct Source {
    client: reqwest::Client,
    issuer: String,
    discovery: Url,
    fixed: Option<Url>,
    discovered: Mutex<Option<(Url, Duration)>>,
}

impl Source {
    /// Checks the addresses; sends no request.
    pub(crate) fn new(issuer: &str, config: &Config) -> Result<Self> {
        let unfit = |key: &'static str| {
            Error::new(Kind::Config, "cannot fetch keys from this address").detail(key).hint(
                "use https, or http on this machine's loopback address, without user, query and fragment",
            )
        };
        let parsed = Url::parse(issuer).ok().filter(is_trustworthy).ok_or_else(|| unfit("oidc.issuer"))?;
        let discovery =
            Url::parse(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))
                .map_err(|error| unfit("oidc.issuer").source(error))?;
        let fixed = config.jwks_url.clone();
        if fixed.as_ref().is_some_and(|url| !is_trustworthy(url)) {
            return Err(unfit("oidc.jwks_url"));
        }
        let client = client(is_loopback(&parsed) && fixed.as_ref().is_none_or(is_loopback))?;
        Ok(Source { client, issuer: issuer.to_owned(), discovery, fixed, discovered: Mutex::new(None) })
    }

    /// Fetches the key set once; returns it with the reasons for the keys that were dropped.
    pub(crate) async fn fetch(&self, now: Duration) -> Result<(KeySet, Vec<Dropped>), Fault> {
        let address = match &self.fixed {
            Some(url) => url.clone(),
            None => self.key_set_address(now).await?,
        };
        let fetched = self.fetch_key_set(address).await;
        if fetched.is_err() {
            // The next attempt repeats the discovery: the issuer may have moved its keys.
            *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        fetched
    }

    async fn fetch_key_set(&self, address: Url) -> Result<(KeySet, Vec<Dropped>), Fault> {
        let bytes = get(&self.client, address, &["application/json", "application/jwk-set+json"]).await?;
        let (keys, dropped) = KeySet::parse(&bytes).ok_or(Fault::Json)?;
        match keys.is_empty() {
            true => Err(Fault::NoUsableKey),
            false => Ok((keys, dropped)),
        }
    }

    async fn key_set_address(&self, now: Duration) -> Result<Url, Fault> {
        let known = self.discovered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((url, at)) = known
            && now.saturating_sub(at) < DISCOVERY_MAX_AGE
        {
            return Ok(url);
        }
        let bytes = get(&self.client, self.discovery.clone(), &["application/json"]).await?;
        let document = json::object(&bytes).ok_or(Fault::Json)?;
        if document.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(Fault::IssuerMismatch);
        }
        let url = document.get("jwks_uri").and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
        let url = url.filter(|url| self.may_name(url)).ok_or(Fault::KeySetAddress)?;
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = Some((url.clone(), now));
        Ok(url)
    }

    /// Returns true if the discovery document may name this URL. An https issuer must have its keys on https,
    /// and a loopback issuer cannot redirect us to another host over plain http.
    fn may_name(&self, url: &Url) -> bool {
        is_trustworthy(url) && (url.scheme() == "https" || self.discovery.scheme() == "http")
    }
}

/// Fetches the body of a 200 response with one of the media types, uncompressed, within the limits of size
/// and time.
pub(crate) async fn get(client: &reqwest::Client, url: Url, media_types: &[&str]) -> Result<Vec<u8>, Fault> {
    let fault = |error: reqwest::Error| match error.is_timeout() {
        true => Fault::Timeout,
        false => Fault::Connect,
    };
    let request = client.get(url).header(header::ACCEPT, media_types.join(", "));
    let mut response = request.send().await.map_err(fault)?;
    if response.status() != StatusCode::OK {
        return Err(Fault::Status);
    }
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    if !media_types.iter().any(|allowed| media_type.eq_ignore_ascii_case(allowed)) {
        return Err(Fault::ContentType);
    }
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(Fault::ContentEncoding);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Builds a client that follows no redirects, decompresses nothing, and has a timeout.
pub(crate) fn client(only_loopback: bool) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("bionicpro/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .timeout(TIMEOUT)
        .http1_only()
        .pool_max_idle_per_host(0)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    if only_loopback {
        // The demo and tests: there is no proxy, and no certificate store is needed.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        Error::new(Kind::Config, "cannot set up the HTTP client for the issuer's keys")
            .source(error)
            .hint("install the system's certificates (ca-certificates)")
    })
}

pub(crate) fn is_trustworthy(url: &Url) -> bool {
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.query().is_none();
    scheme_fits && plain && url.has_host()
}

/// Returns true if the host is a loopback address or the name `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}
