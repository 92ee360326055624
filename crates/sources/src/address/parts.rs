//! The parameters of a URL: those before the `?`, overridden by those of the query, where the last value
//! wins.

use std::collections::BTreeMap;

use bionicpro_model::{Error, Kind, Result};
use url::Url;

use super::keywords::{self, Fate};

/// The decoded parameters of a URL. No error shows a value, because any value may be or contain a password.
pub(super) struct Parts<'a> {
    section: &'a str,
    given: BTreeMap<&'static str, Vec<u8>>,
}

impl<'a> Parts<'a> {
    /// Parses a PostgreSQL URL; parameters that are not supported are refused.
    pub(super) fn of(url: &Url, section: &'a str) -> Result<Self> {
        let mut parts = Parts { section, given: BTreeMap::new() };
        let not_a_url = || {
            Error::new(Kind::Config, "not a PostgreSQL URL")
                .detail(format!("{section}.url"))
                .hint("write it as postgresql://user:password@host:5432/database?sslmode=require")
        };
        if !matches!(url.scheme(), "postgresql" | "postgres") || !url.has_authority() {
            return Err(not_a_url());
        }
        // A password that is not escaped makes a URL look like either of these.
        if url.fragment().is_some() || url.path().contains('@') {
            return Err(not_a_url().hint("write # / ? @ % within a part as %23 %2F %3F %40 %25"));
        }
        parts.before_the_query(url)?;
        for pair in url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| parts.unknown(""))?;
            let key = parts.decode("", key)?;
            parts.query(&String::from_utf8_lossy(&key), value)?;
        }
        Ok(parts)
    }

    fn before_the_query(&mut self, url: &Url) -> Result<()> {
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = self.decode("host", host)?;
        // In `a,b:5433` the port belongs to b.
        let hosts_before = host.iter().filter(|byte| **byte == b',').count();
        let port = url.port().map(|port| format!("{}{port}", ",".repeat(hosts_before)));
        let parts = [
            ("user", self.decode("user", url.username())?),
            ("password", self.decode("password", url.password().unwrap_or_default())?),
            ("host", host),
            ("port", port.unwrap_or_default().into_bytes()),
            ("dbname", self.decode("dbname", url.path().strip_prefix('/').unwrap_or_default())?),
        ];
        self.given.extend(parts.into_iter().filter(|(_, value)| !value.is_empty()));
        Ok(())
    }

    /// Adds a parameter of the query; a later value replaces an earlier one.
    fn query(&mut self, key: &str, value: &str) -> Result<()> {
        let (key, fate) = keywords::find(key).ok_or_else(|| self.unknown(key))?;
        let value = self.decode(key, value)?;
        match fate {
            Fate::Taken => drop(self.given.insert(key, value)),
            Fate::Idle => {}
            Fate::Only(values, what_to_do) => {
                if !values.iter().any(|asked| asked.as_bytes().eq_ignore_ascii_case(&value)) {
                    return Err(self.refused(key, what_to_do));
                }
                if key == "ssl" {
                    self.given.insert("sslmode", b"require".to_vec());
                }
            }
            Fate::Refused(_) if value.is_empty() => {}
            Fate::Refused(what_to_do) => return Err(self.refused(key, what_to_do)),
        }
        Ok(())
    }

    /// Decodes `%41` to its byte. A plus stays a plus, as in libpq; an invalid escape or a zero byte is
    /// refused.
    fn decode(&self, key: &str, text: &str) -> Result<Vec<u8>> {
        let wrong = || self.refused(key, "write a % as %25; a zero byte is not allowed");
        let mut bytes = text.bytes();
        let mut decoded = Vec::with_capacity(text.len());
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'%' => {
                    let mut digit = || char::from(bytes.next()?).to_digit(16);
                    let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                    value.and_then(|value| u8::try_from(value).ok()).ok_or_else(wrong)?
                }
                byte => byte,
            };
            decoded.push(byte);
        }
        if decoded.contains(&0) { Err(wrong()) } else { Ok(decoded) }
    }

    /// The bytes of a parameter; `None` if it is not given.
    pub(super) fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.given.get(key).map(Vec::as_slice)
    }

    /// The text of a parameter; `None` if it is not given.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>> {
        let text = self.bytes(key).map(std::str::from_utf8).transpose();
        text.map_err(|_| self.refused(key, "write it in UTF-8"))
    }

    /// The text of a parameter for which empty means the same as not given; `None` for both.
    pub(super) fn some_text(&self, key: &str) -> Result<Option<&str>> {
        Ok(self.text(key)?.filter(|text| !text.is_empty()))
    }

    /// The members of a list; no members if it is not given or empty.
    pub(super) fn list(&self, key: &str) -> Result<Vec<&str>> {
        Ok(self.some_text(key)?.map(|list| list.split(',').collect()).unwrap_or_default())
    }

    /// A number as libpq reads it: `None` if it is not given, 0 if it is negative.
    pub(super) fn number(&self, key: &str) -> Result<Option<u32>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let number: i32 =
            text.trim().parse().map_err(|_| self.refused(key, "use a whole number, or leave it out"))?;
        Ok(Some(u32::try_from(number).unwrap_or(0)))
    }

    /// The meaning of a parameter's keyword; `None` if it is not given.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text);
        let found = found.ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refused(key, &format!("use {}", words.join(" or ")))
        });
        found.map(|(_, meaning)| Some(*meaning))
    }

    /// The error for a parameter that cannot be used as given, with a hint.
    pub(super) fn refused(&self, key: &str, what_to_do: &str) -> Error {
        Error::new(Kind::Config, "a connection parameter cannot be used")
            .detail(self.place(key))
            .hint(what_to_do)
    }

    fn unknown(&self, key: &str) -> Error {
        Error::new(Kind::Config, "not a connection parameter of PostgreSQL")
            .detail(self.place(key))
            .hint("leave it out, or write it as PostgreSQL does; an & within a value is written as %26")
    }

    /// The place that an error names. A key that does not look like a keyword may be the rest of a password
    /// with an `&` and is not repeated.
    fn place(&self, key: &str) -> String {
        let is_word = (1..=40).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            || keywords::find(key).is_some();
        if is_word { format!("{}.url: {key}", self.section) } else { format!("{}.url", self.section) }
    }
}
