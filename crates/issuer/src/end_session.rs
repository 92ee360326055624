//! Sign-out at the issuer (OpenID Connect RP-Initiated Logout): immediate with an ID token of the same
//! session, after a confirmation otherwise, so that a link on some page cannot sign anyone out.
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::answer::{self, Refusal};
use crate::cookies;
use crate::fields::Fields;
use crate::page::{self, Trouble};
use crate::provider::{Provider, SignOut};
use crate::random;
use crate::token::CLIENT;

pub(crate) async fn by_query(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    sign_out(&provider, &headers, &Fields::parse(query.unwrap_or_default().as_bytes())).await
}

pub(crate) async fn by_form(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    sign_out(&provider, &headers, &Fields::of_form(&headers, &body).unwrap_or_default()).await
}

/// Handles the confirmed sign-out.
pub(crate) async fn confirmed(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = page::Language::of(&headers, None);
    let fields = Fields::of_form(&headers, &body).unwrap_or_default();
    let visitor = cookies::read(&headers, cookies::VISITOR).unwrap_or_default();
    let name = fields.get("request").unwrap_or_default();
    let request = provider.memory().sign_outs.take(name, provider.now_s());
    match request.filter(|request| random::same(&request.visitor, visitor)) {
        Some(request) => end(&provider, &headers, request).await,
        None => answer::page(StatusCode::BAD_REQUEST, page::trouble(language, Trouble::TooLate), None),
    }
}

async fn sign_out(provider: &Provider, headers: &HeaderMap, fields: &Fields) -> Response {
    let language = page::Language::of(headers, fields.get("ui_locales"));
    let request = match read(provider, headers, fields) {
        Ok(request) => request,
        Err(trouble) => {
            return answer::page(StatusCode::BAD_REQUEST, page::trouble(language, trouble), None);
        }
    };
    let now_s = provider.now_s();
    let own = cookies::read(headers, cookies::SESSION)
        .and_then(|cookie| provider.memory().sessions.use_by_cookie(cookie, now_s).map(|(id, _)| id));
    if own.is_none() || own == request.hinted {
        return end(provider, headers, request).await;
    }
    let mut request = request;
    if request.visitor.is_empty() {
        match random::name() {
            Ok(visitor) => request.visitor = visitor,
            Err(error) => return Refusal::broken(&error).into_response(),
        }
    }
    let kept = provider.memory().sign_outs.put(request.clone(), now_s);
    match kept {
        Ok(name) => {
            let html = page::confirm_sign_out(language, &name);
            let mut response = answer::page(StatusCode::OK, html, request.then.as_deref());
            cookies::set(&mut response, cookies::VISITOR, &request.visitor);
            response
        }
        Err(error) => Refusal::broken(&error).into_response(),
    }
}

/// Ends the browser's session and that of the ID token, which are usually the same.
async fn end(provider: &Provider, headers: &HeaderMap, request: SignOut) -> Response {
    let now_s = provider.now_s();
    let own = cookies::read(headers, cookies::SESSION)
        .and_then(|cookie| provider.memory().sessions.use_by_cookie(cookie, now_s).map(|(id, _)| id));
    for id in [own, request.hinted].into_iter().flatten() {
        provider.end_session(id).await;
    }
    let mut response = match &request.then {
        Some(uri) => answer::redirect(uri, &[]),
        None => answer::page(StatusCode::OK, page::signed_out(page::Language::of(headers, None)), None),
    };
    cookies::remove(&mut response, cookies::SESSION);
    response
}

/// Checks a sign-out request: a redirect address is accepted only if the client has registered it.
fn read(provider: &Provider, headers: &HeaderMap, fields: &Fields) -> Result<SignOut, Trouble> {
    if fields.has_double() || fields.get("client_id").is_some_and(|id| id != CLIENT) {
        return Err(Trouble::Client);
    }
    let hinted = match fields.get("id_token_hint") {
        None => None,
        Some(unverified_jwt) => Some(provider.minter.read_id_hint(unverified_jwt).ok_or(Trouble::SignOut)?),
    };
    let then = match fields.get("post_logout_redirect_uri") {
        None => None,
        Some(uri) => Some(registered(provider, fields, uri).ok_or(Trouble::Address)?),
    };
    let visitor = cookies::read(headers, cookies::VISITOR).unwrap_or_default().to_owned();
    Ok(SignOut { visitor, hinted, then })
}

/// A registered redirect address, with the `state` of the client. `None` if the address is not registered, or
/// if the request does not name the client.
fn registered(provider: &Provider, fields: &Fields, uri: &str) -> Option<String> {
    fields.get("client_id").or_else(|| fields.get("id_token_hint"))?;
    let client = provider.client.as_ref()?;
    let mut url = Url::parse(client.post_logout_redirect_uris.iter().find(|known| *known == uri)?).ok()?;
    if let Some(state) = fields.get("state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    Some(url.into())
}
