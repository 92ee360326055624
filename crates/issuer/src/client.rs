//! Requests a token from a running demo issuer, for `bionicpro demo token`.
use std::time::Duration;

use bionicpro_auth::is_loopback;
use bionicpro_model::{Error, Kind, Result};
use http::header;
use serde_json::Value;
use url::Url;

use crate::accounts;
use crate::token::CLIENT;

/// Timeout for a response of the issuer on this machine.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches an access token for an account of the demo issuer at `issuer`, with the public password of the
/// accounts.
///
/// Fails with [`Kind::Usage`] for an unknown account and with [`Kind::Unreachable`] if no demo is running.
pub async fn fetch_token(issuer: &str, username: &str) -> Result<String> {
    if accounts::find(username).is_none() {
        return Err(
            Error::new(Kind::Usage, "not a demo account").hint(format!("use one of {}", accounts::names()))
        );
    }
    let url = Url::parse(&format!("{issuer}/protocol/openid-connect/token"))
        .ok()
        .filter(is_loopback)
        .ok_or_else(|| Error::new(Kind::Config, "not the address of a demo issuer").detail(issuer))?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "password"),
            ("client_id", CLIENT),
            ("username", username),
            ("password", accounts::PASSWORD),
        ])
        .finish();
    let unreachable = |error: reqwest::Error| {
        Error::new(Kind::Unreachable, "the demo issuer does not answer")
            .detail(issuer)
            .source(error)
            .hint("start the demo with `make demo` and leave it running")
    };
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .build()
        .map_err(unreachable)?;
    let request =
        client.post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let answer: Value = request.send().await.map_err(unreachable)?.json().await.map_err(unreachable)?;
    answer.get("access_token").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
        let error = answer.get("error").and_then(Value::as_str).unwrap_or("no access_token");
        Error::new(Kind::Data, "the demo issuer returned no token").detail(error.to_owned())
    })
}
