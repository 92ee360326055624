//! The authorization endpoint: checks the request of a client, then answers from the session or shows the
//! sign-in page.
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::answer::{self, Refusal};
use crate::cookies;
use crate::fields::Fields;
use crate::page::{self, Trouble};
use crate::provider::{Code, CodeUse, Provider, Request};
use crate::random;
use crate::token::CLIENT;

/// The reason why a sign-in cannot continue.
enum Obstacle {
    /// The client or its redirect address is unknown: the browser must not be sent there.
    Page(Trouble),
    /// The client gets the error by a redirect (RFC 6749, section 4.1.2.1).
    Client { redirect_uri: String, state: Option<String>, error: &'static str },
}

/// The parameters that decide whether a signed-in person must enter the password again.
struct Prompt {
    none: bool,
    login: bool,
    max_age_s: Option<i64>,
}

pub(crate) async fn by_query(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    authorize(&provider, &headers, &Fields::parse(query.unwrap_or_default().as_bytes()))
}

/// The same by a form, which OpenID Connect Core, section 3.1.2.1, requires too.
pub(crate) async fn by_form(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    authorize(&provider, &headers, &Fields::of_form(&headers, &body).unwrap_or_default())
}

fn authorize(provider: &Provider, headers: &HeaderMap, fields: &Fields) -> Response {
    let visitor = match cookies::read(headers, cookies::VISITOR) {
        Some(known) => Ok(known.to_owned()),
        None => random::name(),
    };
    let visitor = match visitor {
        Ok(visitor) => visitor,
        Err(error) => return Refusal::broken(&error).into_response(),
    };
    let language = page::Language::of(headers, fields.get("ui_locales"));
    let (request, prompt) = match read(provider, fields, &visitor) {
        Ok(read) => read,
        Err(Obstacle::Page(trouble)) => {
            return answer::page(StatusCode::BAD_REQUEST, page::trouble(language, trouble), None);
        }
        Err(Obstacle::Client { redirect_uri, state, error }) => {
            return refuse(provider, &redirect_uri, state.as_deref(), error);
        }
    };
    let now_s = provider.now_s();
    let mut memory = provider.memory();
    let session = cookies::read(headers, cookies::SESSION)
        .and_then(|cookie| memory.sessions.use_by_cookie(cookie, now_s))
        .filter(|(_, session)| {
            !prompt.login && prompt.max_age_s.is_none_or(|age| now_s - session.signed_in_s <= age)
        })
        .map(|(id, _)| id);
    if let Some(session) = session {
        let code = memory.codes.put(Code { session, request: request.clone(), used: CodeUse::Fresh }, now_s);
        drop(memory);
        return match code {
            Ok(code) => send_code(provider, &request, &code),
            Err(error) => Refusal::broken(&error).into_response(),
        };
    }
    if prompt.none {
        drop(memory);
        return refuse(provider, &request.redirect_uri, request.state.as_deref(), "login_required");
    }
    let name = memory.requests.put(request.clone(), now_s);
    drop(memory);
    let name = match name {
        Ok(name) => name,
        Err(error) => return Refusal::broken(&error).into_response(),
    };
    let html = page::sign_in(language, &name, request.login_hint.as_deref(), false);
    let mut response = answer::page(StatusCode::OK, html, Some(&request.redirect_uri));
    cookies::set(&mut response, cookies::VISITOR, &visitor);
    response
}

/// Redirects the browser back to the client with a code. `iss` names the issuer (RFC 9207).
pub(crate) fn send_code(provider: &Provider, request: &Request, code: &str) -> Response {
    let parameters =
        [("state", request.state.as_deref()), ("iss", Some(&provider.minter.issuer)), ("code", Some(code))];
    answer::redirect(&request.redirect_uri, &parameters)
}

fn refuse(provider: &Provider, redirect_uri: &str, state: Option<&str>, error: &str) -> Response {
    let parameters = [("error", Some(error)), ("state", state), ("iss", Some(&provider.minter.issuer))];
    answer::redirect(redirect_uri, &parameters)
}

fn read(provider: &Provider, fields: &Fields, visitor: &str) -> Result<(Request, Prompt), Obstacle> {
    let client = provider.client.as_ref().filter(|_| fields.get("client_id") == Some(CLIENT));
    let client = client.ok_or(Obstacle::Page(Trouble::Client))?;
    let redirect_uri = fields
        .get("redirect_uri")
        .filter(|uri| client.redirect_uris.iter().any(|known| known == uri))
        .ok_or(Obstacle::Page(Trouble::Address))?;
    let state = fields.get("state").map(str::to_owned);
    let refuse = |error: &'static str| Obstacle::Client {
        redirect_uri: redirect_uri.to_owned(),
        state: state.clone(),
        error,
    };
    let require = |holds: bool, error: &'static str| if holds { Ok(()) } else { Err(refuse(error)) };
    require(!fields.has_double(), "invalid_request")?;
    require(fields.get("request").is_none(), "request_not_supported")?;
    require(fields.get("request_uri").is_none(), "request_uri_not_supported")?;
    require(fields.get("response_type") == Some("code"), "unsupported_response_type")?;
    require(fields.get("response_mode").is_none_or(|mode| mode == "query"), "invalid_request")?;
    require(has_word(fields.get("scope"), "openid"), "invalid_scope")?;
    require(fields.get("code_challenge_method") == Some("S256"), "invalid_request")?;
    let challenge = fields.get("code_challenge").filter(|text| is_digest(text));
    let challenge = challenge.ok_or_else(|| refuse("invalid_request"))?.to_owned();
    let prompt = prompt(fields).ok_or_else(|| refuse("invalid_request"))?;
    let request = Request {
        redirect_uri: redirect_uri.to_owned(),
        nonce: fields.get("nonce").map(str::to_owned),
        challenge,
        login_hint: fields.get("login_hint").map(str::to_owned),
        visitor: visitor.to_owned(),
        state,
    };
    Ok((request, prompt))
}

/// Reads `prompt` and `max_age`; `None` if they are invalid or contradict each other.
fn prompt(fields: &Fields) -> Option<Prompt> {
    let words: Vec<&str> = fields.get("prompt").unwrap_or_default().split_whitespace().collect();
    if words.iter().any(|word| !["none", "login", "consent", "select_account"].contains(word)) {
        return None;
    }
    let none = words.contains(&"none");
    if none && words.len() > 1 {
        return None;
    }
    let max_age_s = match fields.get("max_age") {
        None => None,
        Some(text) => Some(text.parse::<u32>().ok()?.into()),
    };
    // A session has one account, so choosing another one means signing in again.
    Some(Prompt { none, login: words.contains(&"login") || words.contains(&"select_account"), max_age_s })
}

fn has_word(list: Option<&str>, word: &str) -> bool {
    list.unwrap_or_default().split_whitespace().any(|found| found == word)
}

/// Returns true if a text has the form of a SHA-256 in base64url.
fn is_digest(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
