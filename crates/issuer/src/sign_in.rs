//! Handles the form of the sign-in page: creates a session and a code, and redirects back to the client.
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bionicpro_model::Result;
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use crate::accounts::{self, Account};
use crate::answer::{self, Refusal};
use crate::authorize::send_code;
use crate::cookies;
use crate::fields::Fields;
use crate::page::{self, Trouble};
use crate::provider::{Code, CodeUse, Provider, Request};
use crate::random;
use crate::session::Session;

pub(crate) async fn answer(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = page::Language::of(&headers, None);
    let fields = Fields::of_form(&headers, &body).unwrap_or_default();
    let name = fields.get("request").unwrap_or_default();
    let visitor = cookies::read(&headers, cookies::VISITOR).unwrap_or_default();
    let now_s = provider.now_s();
    let request = provider
        .memory()
        .requests
        .get(name, now_s)
        .filter(|request| random::same(&request.visitor, visitor))
        .cloned();
    let Some(request) = request else {
        return answer::page(StatusCode::BAD_REQUEST, page::trouble(language, Trouble::TooLate), None);
    };
    let Some(account) = account(&fields) else {
        let html = page::sign_in(language, name, fields.get("username"), true);
        return answer::page(StatusCode::OK, html, Some(&request.redirect_uri));
    };
    let cookie = cookies::read(&headers, cookies::SESSION);
    let begun = match begin(&provider, cookie, account, name, &request, now_s) {
        Ok(begun) => begun,
        Err(error) => return Refusal::broken(&error).into_response(),
    };
    if let Some((id, session)) = &begun.replaced {
        provider.tell(*id, session).await;
    }
    let mut response = send_code(&provider, &request, &begun.code);
    cookies::set(&mut response, cookies::SESSION, &begun.cookie);
    response
}

/// The account of the button that was pressed, or of the name and the password that were typed.
fn account(fields: &Fields) -> Option<&'static Account> {
    if let Some(username) = fields.get("account") {
        return accounts::find(username);
    }
    let account = accounts::find(fields.get("username")?.trim())?;
    random::same(fields.get("password")?, accounts::PASSWORD).then_some(account)
}

struct Begun {
    code: String,
    cookie: String,
    /// The session of another account that the browser had before.
    replaced: Option<(Uuid, Session)>,
}

fn begin(
    provider: &Provider,
    cookie: Option<&str>,
    account: &'static Account,
    name: &str,
    request: &Request,
    now_s: i64,
) -> Result<Begun> {
    let mut memory = provider.memory();
    memory.requests.take(name, now_s);
    let before = cookie
        .and_then(|cookie| memory.sessions.use_by_cookie(cookie, now_s))
        .map(|(id, session)| (id, session.account == account));
    let mut replaced = None;
    let mut renewed = None;
    match before {
        Some((id, true)) => renewed = memory.sessions.renew(id, now_s)?.map(|cookie| (id, cookie)),
        Some((id, false)) => replaced = memory.sessions.end(id).map(|session| (id, session)),
        None => {}
    }
    let (session, cookie) = match renewed {
        Some(renewed) => renewed,
        None => memory.sessions.begin(account, now_s)?,
    };
    let code = memory.codes.put(Code { session, request: request.clone(), used: CodeUse::Fresh }, now_s)?;
    Ok(Begun { code, cookie, replaced })
}
