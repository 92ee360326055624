//! Client authentication by the secret, in the header or in the form but not in both (RFC 6749, section 2.3).
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use crate::answer::Refusal;
use crate::fields::Fields;
use crate::provider::Provider;
use crate::random;
use crate::token::CLIENT;

const INVALID: Refusal =
    Refusal::unauthorized("invalid_client", "client_id must be bionicpro-auth, with its secret");

/// Fails unless the request is authenticated as the client.
pub(crate) fn require(provider: &Provider, headers: &HeaderMap, fields: &Fields) -> Result<(), Refusal> {
    let client = provider.client.as_ref().ok_or(INVALID)?;
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let (id, secret) = match (authorizations.next(), fields.get("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(Refusal::bad("invalid_request", "send the client secret only once"));
        }
        (Some(value), None) if authorizations.next().is_none() => {
            let (id, secret) = value.to_str().ok().and_then(basic).ok_or(INVALID)?;
            if fields.get("client_id").is_some_and(|other| other != id) {
                return Err(INVALID);
            }
            (id, secret)
        }
        (None, Some(secret)) => (fields.get("client_id").unwrap_or_default().to_owned(), secret.to_owned()),
        _ => return Err(INVALID),
    };
    match id == CLIENT && random::same(&secret, client.secret.expose_secret()) {
        true => Ok(()),
        false => Err(INVALID),
    }
}

/// Decodes id and secret of `Basic …`; each was encoded as in a form before they were joined.
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    let decode = |text: &str| {
        let pair = format!("x={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}
