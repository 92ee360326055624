//! The audit log of requests: caller, owner of the data and requested days, recorded before the response is
//! sent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bionicpro_audit::{Entry, Event, Log, Outcome};
use bionicpro_edge::{Otherwise, Problem, RequestId, watch_body};
use chrono::NaiveDate;
use http::Method;
use http::request::Parts;

use crate::problem::ProblemKind;
use crate::state::AppState;

/// The reason recorded for a response that was not delivered in full: the client disconnected, or the
/// deadline passed.
const CUT_OFF: &str = "cut_off";

/// The requested days, `to` excluded. `None` is an open end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskedDays {
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
}

impl AskedDays {
    /// A request for no particular days, or for all.
    pub(crate) const NONE: Self = AskedDays { from: None, to: None };

    pub(crate) fn range(from: NaiveDate, to: NaiveDate) -> Self {
        AskedDays { from: Some(from), to: Some(to) }
    }
}

/// A pending line of the audit log, with what is known of the request so far. It is stored as a request
/// extension.
#[derive(Debug, Clone)]
struct Line {
    audit: Log,
    event: Event,
    route: MatchedPath,
    request_id: Option<RequestId>,
    known: Arc<AuditSubject>,
}

#[derive(Debug, Default)]
struct AuditSubject {
    /// Login name and subject.
    person: OnceLock<(String, String)>,
    days: OnceLock<AskedDays>,
    /// Set once the line of a change is written, which happens before the change is made.
    is_written: AtomicBool,
}

/// Records the caller, once the token is verified.
pub(crate) fn by(parts: &Parts, name: &str, subject: &str) {
    if let Some(line) = parts.extensions.get::<Line>() {
        // A request has one token, so a second call would set the same values.
        let _ = line.known.person.set((name.to_owned(), subject.to_owned()));
    }
}

/// Records the requested days, once the parameters are parsed.
pub(crate) fn about(parts: &Parts, days: AskedDays) {
    if let Some(line) = parts.extensions.get::<Line>() {
        let _ = line.known.days.set(days);
    }
}

/// A pending change. Handlers that change data take it as a parameter.
pub(crate) struct Change(Option<Line>);

impl FromRequestParts<AppState> for Change {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Change(parts.extensions.get().cloned()))
    }
}

impl Change {
    /// Records the change before it is made. A change that cannot be recorded must not be made; if it fails
    /// after it was recorded, a second line says so.
    ///
    /// # Errors
    /// 503 if the line cannot be written.
    pub(crate) async fn write_down(self) -> Result<(), Problem> {
        let Some(line) = self.0 else { return Ok(()) };
        if let Some(entry) = line.entry(Outcome::Done) {
            line.audit.record(entry.status(200)).await.map_err(|_| unavailable())?;
            line.known.is_written.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// Middleware that records requests for personal data, for the pipeline's state, and changes of preferences.
/// Other requests pass through.
pub(crate) async fn record(
    State(app): State<AppState>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(event) = event(request.method(), path.as_str()).filter(|_| app.audit.is_on()) else {
        return next.run(request).await;
    };
    let line = Line {
        audit: app.audit.clone(),
        event,
        route: path,
        request_id: request.extensions().get().cloned(),
        known: Arc::default(),
    };
    request.extensions_mut().insert(line.clone());
    // Only the delivery of GET matters: a change is made whether or not its response arrives, and HEAD has no
    // body.
    let is_read = *request.method() == Method::GET;
    let mut unanswered = Otherwise::new(line.cut_off());
    let response = line.record(next.run(request).await).await;
    unanswered.disarm();
    match is_read && response.status().is_success() {
        true => response.map(|body| watch_body(body, line.cut_off())),
        false => response,
    }
}

impl Line {
    /// Returns the line so far, or `None` until the caller is authenticated.
    fn entry(&self, outcome: Outcome) -> Option<Entry> {
        let (name, subject) = self.known.person.get()?;
        let mut entry = Entry::new(self.event, outcome).who(name, subject).route(self.route.as_str());
        if self.event == Event::ReportRead || self.event == Event::PreferencesWrite {
            // Endpoints serve only the caller's own data.
            entry = entry.whose(name);
        }
        if let Some(request_id) = &self.request_id {
            entry = entry.request(request_id.as_str());
        }
        let AskedDays { from, to } = self.known.days.get().copied().unwrap_or(AskedDays::NONE);
        Some(entry.range(from, to))
    }

    /// Writes the line of a response and returns the response, or 503 if the line cannot be written.
    async fn record(&self, response: Response) -> Response {
        let status = response.status().as_u16();
        let reason = response
            .extensions()
            .get::<Problem>()
            .map(|problem| problem.why().unwrap_or(problem.kind().as_str()));
        let Some(entry) = self.entry(Outcome::of_status(status)) else {
            self.audit.refuse(reason.unwrap_or("unknown"));
            return response;
        };
        if self.known.is_written.load(Ordering::SeqCst) && status < 400 {
            return response;
        }
        match self.audit.record(entry.status(status).reason(reason)).await {
            Ok(()) => response,
            // The cause has already been logged.
            Err(_) => unavailable().into_response(),
        }
    }

    /// Returns a closure that writes a line for a response that was not delivered in full.
    fn cut_off(&self) -> impl FnOnce() + Send + Unpin + use<> {
        let line = self.clone();
        move || {
            let (Some(entry), Ok(runtime)) =
                (line.entry(Outcome::Failed), tokio::runtime::Handle::try_current())
            else {
                return;
            };
            let audit = line.audit;
            // The audit log reports a failure itself; the client is gone.
            runtime.spawn(async move { drop(audit.record(entry.reason(Some(CUT_OFF))).await) });
        }
    }
}

fn unavailable() -> Problem {
    Problem::new(ProblemKind::Unavailable).retry_after(5).reason("audit")
}

/// Returns the event to record for a route, or `None` if its requests are not recorded.
fn event(method: &Method, route: &str) -> Option<Event> {
    let route = route.strip_prefix("/api/")?;
    match route.split('/').next()? {
        "reports" | "prostheses" | "calendar" => Some(Event::ReportRead),
        "staff" => Some(Event::StaffRead),
        "preferences" if *method == Method::PUT => Some(Event::PreferencesWrite),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nobodys_data_is_not_recorded() {
        let read = |route: &str| event(&Method::GET, route);
        assert_eq!(read("/api/reports/{date}"), Some(Event::ReportRead));
        assert_eq!(read("/api/calendar/{date}"), Some(Event::ReportRead));
        assert_eq!(read("/api/staff/run"), Some(Event::StaffRead));
        for route in ["/health/ready", "/docs", "/openapi.json", "/api/freshness", "/api/preferences"] {
            assert_eq!(read(route), None, "{route}");
        }
        assert_eq!(event(&Method::PUT, "/api/preferences"), Some(Event::PreferencesWrite));
    }
}
