//! The issuer's token endpoint: exchanges a code or a refresh token for tokens (RFC 6749, sections 4.1.3 and
//! 6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bionicpro_model::Secret;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::issuer::NotGranted;

/// Largest response that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Largest token that is accepted, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The response (RFC 6749, section 5.1). A member that occurs twice makes it invalid. No `Debug`, because it
/// contains tokens.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub(super) access_token: String,
    token_type: String,
    pub(super) refresh_token: Option<String>,
    pub(super) id_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Returns the client's HTTP Basic credentials: id and secret, each form-encoded (RFC 6749, section 2.3.1).
pub(super) fn credentials(client_id: &str, secret: &Secret) -> Option<HeaderValue> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(joined))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Sends a form. Returns the status and the response body, limited in size.
pub(super) async fn post(
    client: &reqwest::Client,
    endpoint: &Url,
    credentials: &HeaderValue,
    form: &[(&str, &str)],
) -> Result<(StatusCode, Vec<u8>), NotGranted> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let away = |error: reqwest::Error| {
        // The error itself is not logged: its URL is a constant of the issuer's, and it does not contain the
        // form.
        tracing::warn!(timeout = error.is_timeout(), "the issuer did not respond");
        NotGranted::Unavailable
    };
    let request = client
        .post(endpoint.clone())
        .header(header::AUTHORIZATION, credentials)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(body);
    let mut response = request.send().await.map_err(away)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            tracing::warn!("the issuer's response is too large");
            return Err(NotGranted::Unavailable);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((response.status(), bytes))
}

/// Parses the response of the token endpoint.
pub(super) fn read((status, bytes): (StatusCode, Vec<u8>)) -> Result<Granted, NotGranted> {
    if status == StatusCode::OK {
        let granted = serde_json::from_slice::<Granted>(&bytes).ok();
        let fits = |granted: &Granted| {
            let short =
                |token: &Option<String>| token.as_ref().is_none_or(|token| token.len() <= MAX_TOKEN_BYTES);
            granted.token_type.eq_ignore_ascii_case("bearer")
                && granted.access_token.len() <= MAX_TOKEN_BYTES
                && short(&granted.refresh_token)
                && short(&granted.id_token)
        };
        return granted.filter(fits).ok_or_else(|| {
            tracing::error!("the issuer's token response is invalid");
            NotGranted::Unavailable
        });
    }
    let refusal = serde_json::from_slice::<Refusal>(&bytes).ok();
    match refusal.as_ref().map(|refusal| refusal.error.as_str()) {
        Some("invalid_grant") if status == StatusCode::BAD_REQUEST => {
            Err(NotGranted::Refused("invalid_grant"))
        }
        Some("invalid_client" | "unauthorized_client") => {
            tracing::error!(
                "the issuer does not know this client or its secret: check bff.client_id and bff.client_secret_file"
            );
            Err(NotGranted::Unavailable)
        }
        _ => {
            tracing::warn!(status = status.as_u16(), "the issuer returned no tokens");
            Err(NotGranted::Unavailable)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, body: &str) -> Result<String, NotGranted> {
        let status = StatusCode::from_u16(status).unwrap();
        read((status, body.as_bytes().to_vec())).map(|granted| granted.access_token)
    }

    #[test]
    fn b18_only_invalid_grant_is_a_refusal_and_everything_else_an_outage() {
        assert_eq!(outcome(400, r#"{"error":"invalid_grant"}"#), Err(NotGranted::Refused("invalid_grant")));
        for (status, body) in [
            (500, r#"{"error":"invalid_grant"}"#),
            (401, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"temporarily_unavailable"}"#),
            (400, "<html>invalid_grant</html>"),
            (429, ""),
            (503, ""),
            (302, ""),
            (200, "{}"),
            (200, r#"{"access_token":"a","token_type":"mac"}"#),
            (200, r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#),
        ] {
            assert_eq!(outcome(status, body), Err(NotGranted::Unavailable), "{status} {body}");
        }
        assert_eq!(outcome(200, r#"{"access_token":"a","token_type":"bearer","x":1}"#), Ok("a".to_owned()));
        let long = format!(r#"{{"access_token":"{}","token_type":"bearer"}}"#, "a".repeat(8193));
        assert_eq!(outcome(200, &long), Err(NotGranted::Unavailable));
    }

    #[test]
    fn a_secret_with_odd_letters_is_encoded_before_it_is_joined() {
        let value = credentials("my client", &Secret::new("a:b%c+é")).unwrap();
        let text = STANDARD.decode(value.to_str().unwrap().strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "my+client:a%3Ab%25c%2B%C3%A9");
        assert!(!format!("{value:?}").contains("YTo"));
    }
}
