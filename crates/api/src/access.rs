//! Writes down who asked for whose reports, before the answer leaves.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bionicpro_audit::{Entry, Event, Outcome};
use bionicpro_edge::{Problem, RequestId};
use chrono::{NaiveDate, TimeDelta};
use http::{Method, Uri};

use crate::app::App;
use crate::problem::Slug;

/// Parameters that name the first day of a range, its last day, and the day after its last.
const FIRST_DAYS: [&str; 3] = ["from", "a_from", "b_from"];
const LAST_DAYS: [&str; 1] = ["through"];
const DAYS_AFTER: [&str; 4] = ["to", "a_to", "b_to", "before"];

/// Who asks, once it is known: set by the extractor that verifies the token. A request extension.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Arc<OnceLock<(String, String)>>);

impl Known {
    /// Tells login name and subject of a verified token.
    pub(crate) fn set(&self, name: &str, subject: &str) {
        // One request has one token: a second call says the same.
        let _ = self.0.set((name.to_owned(), subject.to_owned()));
    }
}

/// The layer of every route that answers with somebody's data.
pub(crate) async fn record(
    State(app): State<App>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(event) = event(request.method(), path.as_str()).filter(|_| app.audit.is_on()) else {
        return next.run(request).await;
    };
    let known = Known::default();
    request.extensions_mut().insert(known.clone());
    let request_id = request.extensions().get::<RequestId>().cloned();
    let (from, to) = days(request.uri());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let reason = response
        .extensions()
        .get::<Problem>()
        .map(|problem| problem.why().unwrap_or(problem.slug().as_str()));
    let Some((name, subject)) = known.0.get() else {
        app.audit.refuse(reason.unwrap_or("unknown"));
        return response;
    };
    let mut entry = Entry::new(event, Outcome::of_status(status)).who(name, subject);
    if event == Event::ReportRead || event == Event::PreferencesWrite {
        // Nobody's but the caller's own can be asked for.
        entry = entry.whose(name);
    }
    if let Some(request_id) = request_id {
        entry = entry.request(request_id.as_str());
    }
    match app.audit.record(entry.route(path.as_str()).range(from, to).status(status).reason(reason)).await {
        Ok(()) => response,
        // Its cause is in the log already.
        Err(_) => Problem::new(Slug::Unavailable).retry_after(5).reason("audit").into_response(),
    }
}

/// What is recorded of a route, if anything.
fn event(method: &Method, route: &str) -> Option<Event> {
    let route = route.strip_prefix("/api/")?;
    match route.split('/').next()? {
        "reports" | "prostheses" | "calendar" => Some(Event::ReportRead),
        "staff" => Some(Event::StaffRead),
        "preferences" if *method == Method::PUT => Some(Event::PreferencesWrite),
        _ => None,
    }
}

/// The days that a request is about, as far as they can be read: from the first, to the day after the last.
fn days(uri: &Uri) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let parameter = |names: &'static [&str]| {
        let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| names.contains(name)).filter_map(|(_, value)| day(value))
    };
    let single = uri.path().rsplit('/').next().and_then(day);
    let single: Vec<_> = single.into_iter().chain(parameter(&["date"])).collect();
    let last = single.iter().copied().chain(parameter(&LAST_DAYS));
    let after = last.map(|day| day + TimeDelta::days(1));
    (parameter(&FIRST_DAYS).chain(single.iter().copied()).min(), parameter(&DAYS_AFTER).chain(after).max())
}

/// A date as this service writes dates, and nothing else.
fn day(text: &str) -> Option<NaiveDate> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_those_that_were_asked_for() {
        let read = |uri: &str| {
            let (from, to) = days(&uri.parse().unwrap());
            [from, to].map(|day| day.map_or(String::new(), |day| day.to_string()))
        };
        assert_eq!(read("/api/reports/2024-01-15?tz=UTC"), ["2024-01-15", "2024-01-16"]);
        assert_eq!(read("/api/reports/summary?from=2024-01-01&to=2024-02-01"), ["2024-01-01", "2024-02-01"]);
        assert_eq!(
            read("/api/reports/compare?a_from=2024-02-01&a_to=2024-02-08&b_from=2024-01-01&b_to=2024-01-08"),
            ["2024-01-01", "2024-02-08"]
        );
        assert_eq!(
            read("/api/reports/days?from=2024-01-01&through=2024-01-31"),
            ["2024-01-01", "2024-02-01"]
        );
        assert_eq!(read("/api/reports?before=2024-01-15"), ["", "2024-01-15"]);
        assert_eq!(read("/api/reports?before=%32024-01-15&from=+2024-1-1&x"), ["", ""]);
    }

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
