//! The login name of a person.

use std::fmt;

/// A person's login name, as a verified token carries it (`preferred_username`) and as the mart stores it
/// (`ldap_username`).
///
/// Compared byte by byte. `Debug` shows `***`: a login name is personal data, which must not be logged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Username(String);

impl Username {
    /// Wraps a login name from a trusted source.
    pub fn new(name: impl Into<String>) -> Self {
        Username(name.into())
    }

    /// The name itself, for a query, a key, or a response to that person.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(***)")
    }
}

impl From<Username> for String {
    fn from(name: Username) -> String {
        name.0
    }
}
