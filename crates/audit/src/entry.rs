//! The content of a line.

use std::net::IpAddr;

use chrono::NaiveDate;
use serde::Serialize;

/// The event that an entry records. Its name in the log is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Event {
    /// A request for reports: the caller's own, or another's, which are never returned.
    #[serde(rename = "report.read")]
    ReportRead,
    /// A user changed their preferences.
    #[serde(rename = "preferences.write")]
    PreferencesWrite,
    /// An administrator looked at the state of the pipeline.
    #[serde(rename = "staff.read")]
    StaffRead,
    /// A user signed in, or failed to.
    #[serde(rename = "session.sign_in")]
    SignIn,
    /// A user signed out, or ended another of their sessions.
    #[serde(rename = "session.sign_out")]
    SignOut,
    /// The issuer ended a session.
    #[serde(rename = "session.ended")]
    SessionEnded,
    /// A login name was bound to an account on first use.
    #[serde(rename = "identity.bind")]
    IdentityBind,
    /// An administrator released a login name for another account.
    #[serde(rename = "identity.release")]
    IdentityRelease,
    /// Requests without a valid sign-in, counted over a minute.
    #[serde(rename = "requests.refused")]
    RequestsRefused,
    /// A process opened the log.
    #[serde(rename = "audit.open")]
    Open,
    /// The line before was unfinished when its process ended.
    #[serde(rename = "audit.torn")]
    Torn,
    /// Older files were removed because their retention period was over.
    #[serde(rename = "audit.removed")]
    Removed,
}

/// The outcome of the event for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The request succeeded.
    Done,
    /// The caller is not allowed to, or the request is not valid.
    Refused,
    /// The caller is allowed to, but the request failed.
    Failed,
}

impl Outcome {
    /// The outcome of a response with this HTTP status.
    pub fn of_status(status: u16) -> Self {
        match status {
            ..400 => Outcome::Done,
            400..500 => Outcome::Refused,
            500.. => Outcome::Failed,
        }
    }
}

/// One line before it is added to the log. Contains no token, no session id and no content of a report.
///
/// ```
/// use bionicpro_audit::{Entry, Event, Outcome};
///
/// let entry = Entry::new(Event::SignIn, Outcome::Done).who("ivan.petrov",
/// "3f1c…").request("0190…").address([192, 0, 2, 7].into());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    event: Event,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_of: Option<String>,
}

impl Entry {
    /// Creates an entry without any optional member.
    pub fn new(event: Event, outcome: Outcome) -> Self {
        Entry {
            event,
            outcome,
            who: None,
            subject: None,
            whose: None,
            route: None,
            from: None,
            to: None,
            status: None,
            reason: None,
            request_id: None,
            address: None,
            count: None,
            hash_of: None,
        }
    }

    /// Sets the actor: the login name and the account's `sub` from a verified token.
    pub fn who(mut self, name: impl Into<String>, subject: impl Into<String>) -> Self {
        (self.who, self.subject) = (Some(name.into()), Some(subject.into()));
        self
    }

    /// Sets the login name of the account whose data the event concerns.
    pub fn whose(mut self, name: impl Into<String>) -> Self {
        self.whose = Some(name.into());
        self
    }

    /// Sets the route as its template, never the path that was sent.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// Sets the requested days `from <= day < to`.
    pub fn range(mut self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Sets the HTTP status of the response.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the reason for the refusal: a word of a fixed set.
    pub fn reason(mut self, reason: Option<&'static str>) -> Self {
        self.reason = reason;
        self
    }

    /// Sets the request's id in the service's log.
    pub fn request(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// Sets the client's address of a sign-in or sign-out.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    pub(crate) fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    pub(crate) fn hash_of(mut self, hash: String) -> Self {
        self.hash_of = Some(hash);
        self
    }
}
