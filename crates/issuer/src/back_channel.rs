//! Notifies the client of the end of a session, without a browser (OpenID Connect Back-Channel Logout,
//! section 2.5).
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use http::header;
use url::Url;

/// Timeout for the client's response; the person who signs out waits that long.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The client's back-channel address.
#[derive(Debug)]
pub(crate) struct BackChannel {
    url: Url,
    http: reqwest::Client,
}

impl BackChannel {
    pub(crate) fn new(url: Url) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .build()
            .map_err(|error| {
                Error::new(Kind::Internal, "cannot build the demo issuer's HTTP client").source(error)
            })?;
        Ok(BackChannel { url, http })
    }

    /// Delivers a logout token, without retries. A client that is down keeps its session until its tokens
    /// expire, as with Keycloak.
    pub(crate) async fn tell(&self, logout_token: &str) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", logout_token)
            .finish();
        let request = self
            .http
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                tracing::warn!(status = answer.status().as_u16(), "the client refused a logout token");
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot deliver a logout token to the client"
                );
            }
        }
    }
}
