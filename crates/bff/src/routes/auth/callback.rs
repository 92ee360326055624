//! `GET /auth/callback`: the browser comes back from the issuer. If every check passes, a session begins.
//!
//! A session that another person began must not become this browser's, and this browser's must not become
//! another person's. Hence the cookie, `state`, `nonce`, `iss` and the verifier must all belong to this
//! sign-in.
//!
//! A browser has one session, so the previous one ends: the session of the cookie, and the session recorded
//! in the sign-in, because a browser that comes from another site does not send the cookie.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bionicpro_audit::Event;
use bionicpro_edge::to_its_end;
use bionicpro_model::Error;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::access::AuditContext;
use crate::fields::Fields;
use crate::guard::Navigation;
use crate::metrics;
use crate::notice::Notice;
use crate::session::{Begun, Ended, Record, agent};
use crate::sign_in::{NotGranted, Previous, Transaction};
use crate::state::AppState;

pub(crate) async fn callback(
    State(bff): State<AppState>,
    _: Navigation,
    asked: AuditContext,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    // A code is valid once: a browser that disconnects must not leave a sign-in half done.
    to_its_end(async move { answer(bff, asked, headers, query.unwrap_or_default()).await }).await
}

async fn answer(bff: AppState, asked: AuditContext, headers: HeaderMap, query: String) -> Response {
    let fields = Fields::parse(query.as_bytes());
    let state = fields.get("state").ok().flatten().unwrap_or_default();
    let outcome = complete(&bff, &asked, &headers, &fields, state).await;
    let mut response = match outcome {
        Ok(response) => {
            metrics::count_sign_in("ok");
            response
        }
        Err(notice) => {
            metrics::count_sign_in(notice.outcome());
            tracing::info!(outcome = notice.outcome(), "a sign-in did not succeed");
            write_down(&bff, &asked, notice).await;
            notice.page(&headers)
        }
    };
    bff.cookies.remove_sign_in(response.headers_mut(), state);
    response
}

/// Writes a failed sign-in to the access log. Nothing was granted, so an entry that cannot be written is only
/// in the service's log. Events that anyone can cause at will are aggregated.
async fn write_down(bff: &AppState, asked: &AuditContext, notice: Notice) {
    match notice {
        Notice::Expired => bff.audit.refuse("sign_in_expired"),
        Notice::Denied | Notice::Refused | Notice::Unavailable => {
            let _ = asked.note(bff, Event::SignIn, notice.audited(), notice.outcome()).await;
        }
    }
}

async fn complete(
    bff: &AppState,
    asked: &AuditContext,
    headers: &HeaderMap,
    fields: &Fields<'_>,
    state: &str,
) -> Result<Response, Notice> {
    let secret = bff.cookies.sign_in(headers, state).ok_or(Notice::Expired)?;
    let now_s = bff.clock.unix_s();
    let transaction = Transaction::take(&bff.store, &secret, state, now_s)
        .await
        .map_err(unavailable)?
        .ok_or(Notice::Expired)?;
    let field = |name| fields.get(name).map_err(|_| Notice::Expired);
    if !bff.issuer.is_answer_of(field("iss")?).await.map_err(unavailable)? {
        return Err(Notice::Expired);
    }
    if field("error")?.is_some() {
        return Err(Notice::Denied);
    }
    let code = field("code")?.ok_or(Notice::Expired)?;
    let record = bff.issuer.redeem(code, &transaction, now_s).await.map_err(|why| match why {
        NotGranted::Refused(_) => Notice::Refused,
        NotGranted::Unavailable => Notice::Unavailable,
    })?;
    asked.record(bff, Event::SignIn, &record).await.map_err(|_| Notice::Unavailable)?;
    end_previous(bff, headers, &transaction, &record).await.map_err(unavailable)?;
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let agent = agent::describe(user_agent.unwrap_or_default());
    let Begun { secret, evicted } = bff.sessions.begin(&record, agent).await.map_err(unavailable)?;
    bff.issuer.give_back(evicted, record.issuer_session.as_deref()).await;
    let begun = Previous { id: secret.id(), subject: record.subject };
    for under_way in bff.cookies.sign_ins(headers) {
        Transaction::follow(&bff.store, &under_way, &begun, now_s).await.map_err(unavailable)?;
    }
    let to = HeaderValue::try_from(transaction.return_to().as_str()).map_err(|_| Notice::Expired)?;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    bff.cookies.set_session(response.headers_mut(), &secret);
    Ok(response)
}

async fn end_previous(
    bff: &AppState,
    headers: &HeaderMap,
    transaction: &Transaction,
    record: &Record,
) -> Result<(), Error> {
    // If the new tokens belong to the same session at the issuer, revoking the old ones would end both.
    let staying = record.issuer_session.as_deref();
    if let Some(secret) = bff.cookies.session(headers)
        && let Some(session) = bff.sessions.find(&secret).await?
    {
        bff.sessions.end(&session, Ended::Replaced).await?;
        bff.issuer.give_back(session.record.grant(), staying).await;
    }
    if let Some(Previous { id, subject }) = &transaction.previous {
        let grant = bff.sessions.grant(subject, id).await?;
        if bff.sessions.end_of_subject(subject, id, Ended::Replaced).await? {
            bff.issuer.give_back(grant, staying).await;
        }
    }
    Ok(())
}

fn unavailable(error: Error) -> Notice {
    tracing::error!(kind = error.kind().as_str(), error = %error.report(), "a sign-in could not be completed");
    Notice::Unavailable
}
