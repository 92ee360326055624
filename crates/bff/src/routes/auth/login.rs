//! `GET /auth/login?return_to=/day/2026-01-02`: begins a sign-in and redirects the browser to the issuer.

use std::time::Instant;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bionicpro_edge::Problem;
use bionicpro_model::Kind;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::access::AuditContext;
use crate::errors;
use crate::fields::Fields;
use crate::guard::Navigation;
use crate::notice::Notice;
use crate::return_to::ReturnTo;
use crate::sign_in::{Previous, Transaction};
use crate::state::AppState;

pub(crate) async fn login(
    State(bff): State<AppState>,
    _: Navigation,
    asked: AuditContext,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let fields = Fields::parse(query.as_bytes());
    fields.only(&["return_to"])?;
    let return_to = match fields.get("return_to")? {
        None => ReturnTo::home(),
        Some(text) => ReturnTo::parse(text).ok_or_else(|| {
            Problem::parameter("return_to", "return_to must be a path of this site, such as /day/2026-01-02")
        })?,
    };
    if let Some(peer) = asked.peer {
        bff.addresses.allow(peer.place(), Instant::now())?;
    }
    if let Some(elsewhere) = own_address(&bff, &headers, &query) {
        return Ok(redirect(&elsewhere));
    }
    let previous = previous(&bff, &headers).await?;
    let begin = async {
        let transaction = Transaction::new(&return_to, bff.clock.unix_s(), previous)?;
        let url = bff.issuer.sign_in_url(&transaction).await?;
        let secret = transaction.keep(&bff.store).await?;
        Ok::<_, bionicpro_model::Error>((transaction, url, secret))
    };
    match begin.await {
        Ok((transaction, url, secret)) => {
            let mut response = redirect(url.as_str());
            bff.cookies.set_sign_in(&headers, response.headers_mut(), &transaction.state, &secret);
            Ok(response)
        }
        Err(error) if error.kind() == Kind::Internal => Err(errors::store(error)),
        Err(error) => {
            tracing::error!(kind = error.kind().as_str(), error = %error.report(), "cannot begin a sign-in");
            Ok(Notice::Unavailable.page(&headers))
        }
    }
}

/// Returns the same page under the configured host name if the browser used another name of this machine
/// (`localhost`). The issuer sends it back to the configured name, where its cookie would otherwise be
/// missing.
fn own_address(bff: &AppState, headers: &HeaderMap, query: &str) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let (_, own) = bff.origin.text.split_once("://")?;
    let is_loopback = !bff.origin.is_secure && !host.eq_ignore_ascii_case(own);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    is_loopback.then(|| format!("{}/auth/login{query}", bff.origin.text))
}

/// Returns the session that this browser has, which the new one replaces.
async fn previous(bff: &AppState, headers: &HeaderMap) -> Result<Option<Previous>, Problem> {
    let Some(secret) = bff.cookies.session(headers) else { return Ok(None) };
    let session = bff.sessions.find(&secret).await.map_err(errors::store)?;
    Ok(session.map(|session| Previous { id: session.id, subject: session.record.subject }))
}

fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
