//! Values that must not be printed: passwords, and URLs that contain one.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::{Error, Kind, Result};

/// Shown in place of a secret.
pub const REDACTED: &str = "***";

/// A password or a key. `Debug`, `Display` and `Serialize` show `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The secret itself. The name is long so that each use stands out in a review.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

/// A URL that may contain a password. `Debug`, `Display` and `Serialize` show the password as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// Parses a URL; the error never repeats the text, which may contain a password.
    pub fn parse(text: &str) -> Result<Self> {
        Url::parse(text).map(SecretUrl).map_err(|error| {
            Error::new(Kind::Config, "not a URL")
                .source(error)
                .hint("write it as scheme://user:password@host:port/name")
        })
    }

    /// The URL with its password. The name is long so that each use stands out in a review.
    pub fn expose_secret(&self) -> &Url {
        &self.0
    }

    /// The same URL with another password, as read from a file.
    pub fn with_password(&self, password: &Secret) -> Result<Self> {
        let mut url = self.0.clone();
        // `set_password` does not escape `%`: a password with `%41` in it would become another password.
        let password = password.expose_secret().replace('%', "%25");
        url.set_password(Some(&password)).map_err(|()| {
            Error::new(Kind::Config, "this URL cannot hold a password").detail(self.to_string())
        })?;
        Ok(SecretUrl(url))
    }

    /// Host and port, for messages.
    pub fn address(&self) -> String {
        let host = self.0.host_str().unwrap_or("localhost");
        match self.0.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        // Without `//` there is no user and no host: the rest of `postgresql:user:password@host` is a path.
        if !url.has_authority() {
            return write!(f, "{}:{REDACTED}", url.scheme());
        }
        if url.password().is_some() {
            // Cannot fail: the URL already has a password.
            let _ = url.set_password(Some(REDACTED));
        }
        // A query may contain secrets too (`password=`, `secret=`), and is not needed to tell URLs apart.
        if url.query().is_some() {
            url.set_query(Some(REDACTED));
        }
        // Text after a `#`, or between a `/` and an `@`, may be the rest of a password that was not escaped.
        if url.fragment().is_some() {
            url.set_fragment(Some(REDACTED));
        }
        if url.scheme() != "file" && url.path().contains('@') {
            url.set_path(REDACTED);
        }
        write!(f, "{url}")
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SecretUrl::parse(&text).map_err(|error| {
            let hint = error.hint_text().unwrap_or_default().to_owned();
            serde::de::Error::custom(format!("{error}; {hint}"))
        })
    }
}

impl JsonSchema for SecretUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri" })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_never_shows_its_password_or_query() {
        let url = SecretUrl::parse("postgresql://reader:hunter2@db:5432/crm?sslpassword=hunter3").unwrap();
        for shown in [format!("{url}"), format!("{url:?}"), serde_json::to_string(&url).unwrap()] {
            assert!(!shown.contains("hunter"), "{shown}");
            assert!(shown.contains("db:5432"), "{shown}");
        }
        assert_eq!(url.expose_secret().password(), Some("hunter2"));
    }

    #[test]
    fn a_password_in_the_wrong_place_is_not_shown_either() {
        for text in [
            "postgresql://db:5432/crm?user=reader&password=hunter2",
            "postgresql://db:5432/crm?password=a#hunter2",
            "postgresql://reader:5432/hunter2@db:5432/crm",
            "postgresql:reader:hunter2@db:5432/crm",
            "postgresql:/reader:hunter2@db:5432/crm",
        ] {
            let url = SecretUrl::parse(text).unwrap();
            for shown in [format!("{url}"), format!("{url:?}"), url.address()] {
                assert!(!shown.contains("hunter2"), "{shown}");
            }
        }
    }

    #[test]
    fn a_password_of_a_file_is_the_one_that_is_sent() {
        let url = SecretUrl::parse("postgresql://reader@db/crm").unwrap();
        let url = url.with_password(&Secret::new("a%41/@:#")).unwrap();
        assert_eq!(url.expose_secret().password(), Some("a%2541%2F%40%3A%23"));
    }

    #[test]
    fn a_bad_url_is_refused_without_being_repeated() {
        let error = SecretUrl::parse("hunter2 is my password").unwrap_err();
        assert!(!error.report().contains("hunter2"));
        assert_eq!(error.kind(), Kind::Config);
    }
}
