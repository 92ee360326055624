//! What a line says.

use std::net::IpAddr;

use chrono::NaiveDate;
use serde::Serialize;

/// What happened. The word in the log is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Event {
    /// Somebody asked for reports, their own or (never answered) another's.
    #[serde(rename = "report.read")]
    ReportRead,
    /// Somebody changed their preferences.
    #[serde(rename = "preferences.write")]
    PreferencesWrite,
    /// An administrator looked at the state of the pipeline.
    #[serde(rename = "staff.read")]
    StaffRead,
    /// Somebody signed in, or could not.
    #[serde(rename = "session.sign_in")]
    SignIn,
    /// Somebody signed out, or ended a session of theirs elsewhere.
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
    /// Requests without a valid sign-in, summed up over a minute.
    #[serde(rename = "requests.refused")]
    RequestsRefused,
    /// The log was opened by a process.
    #[serde(rename = "audit.open")]
    Open,
    /// The line before was not finished when its process ended.
    #[serde(rename = "audit.torn")]
    Torn,
    /// Older files were removed, because they were kept long enough.
    #[serde(rename = "audit.removed")]
    Removed,
}

/// How it ended for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They got what they asked for.
    Done,
    /// They may not, or asked for what cannot be.
    Refused,
    /// They may, and it did not work.
    Failed,
}

impl Outcome {
    /// The outcome of an answer with this HTTP status.
    pub fn of_status(status: u16) -> Self {
        match status {
            ..400 => Outcome::Done,
            400..500 => Outcome::Refused,
            500.. => Outcome::Failed,
        }
    }
}

/// One line, before it has its place in the log. Holds no token, no session id and nothing of a report.
///
/// ```
/// use bionicpro_audit::{Entry, Event, Outcome};
///
/// let entry = Entry::new(Event::SignIn, Outcome::Done).who("ivan.petrov", "3f1c…").request("0190…").address([192, 0, 2, 7].into());
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
    /// An entry of which only this is known.
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

    /// Who acted: the login name and the account's `sub` of a verified token.
    pub fn who(mut self, name: impl Into<String>, subject: impl Into<String>) -> Self {
        (self.who, self.subject) = (Some(name.into()), Some(subject.into()));
        self
    }

    /// Whose data it was about: a login name.
    pub fn whose(mut self, name: impl Into<String>) -> Self {
        self.whose = Some(name.into());
        self
    }

    /// The template of the route, never the path as it was sent.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// The days that were asked for, the last one not included.
    pub fn range(mut self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// The HTTP status of the answer.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Why it was refused: a word of a fixed set.
    pub fn reason(mut self, reason: Option<&'static str>) -> Self {
        self.reason = reason;
        self
    }

    /// The request's name in the service's log.
    pub fn request(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// Where a sign-in or sign-out came from.
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
