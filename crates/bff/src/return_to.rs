//! The page to return to after sign-in. It is always one of ours: anything that is not plainly so is refused.

use url::Url;

/// Largest path and query.
const MAX_BYTES: usize = 512;
/// The page after a sign-in that was not started from a page.
const HOME: &str = "/";

/// A path of this site, with an optional query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// Returns the front page.
    pub(crate) fn home() -> Self {
        ReturnTo(HOME.to_owned())
    }

    /// Accepts `/path?query` and nothing that any browser could read as another host, scheme or header.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}#@".contains(byte);
        if bytes.first() != Some(&b'/') || bytes.len() > MAX_BYTES || !bytes.iter().all(is_plain) {
            return None;
        }
        let path = text.split('?').next()?;
        // A second slash makes it a host, dots could climb out of the path, and a colon in the path is for
        // schemes.
        let is_odd = |part: &str| part.is_empty() || part.bytes().all(|byte| byte == b'.');
        if path.len() > 1 && path[1..].split('/').any(is_odd) || path.contains(':') {
            return None;
        }
        // An escape could decode to any of these later. Dates and page names need none.
        if path.contains('%') || is_ours(path, "/auth") || is_ours(path, "/api") {
            return None;
        }
        // The URL parser that browsers share decides.
        let base = Url::parse("https://here.invalid").ok()?;
        let read = base.join(text).ok()?;
        (read.origin() == base.origin() && read.path() == path).then(|| ReturnTo(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns true if the path belongs to a part of this service that is not a page.
fn is_ours(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b26_only_pages_of_this_site_are_come_back_to() {
        for good in [
            "/",
            "/day/2026-01-02",
            "/trends?from=2026-01-01&to=2026-02-01",
            "/day/2026-01-02?tz=Europe/Moscow",
            "/authors",
            "/search?q=a%20b",
            "/search?u=https://evil.example",
        ] {
            assert_eq!(ReturnTo::parse(good).unwrap().as_str(), good);
        }
        let long = format!("/{}", "a".repeat(512));
        for bad in [
            "",
            "day",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/javascript:alert(1)",
            "/%2f%2fevil.example",
            "/%5cevil.example",
            "/.",
            "/..",
            "/../evil",
            "/a/../../b",
            "/a//b",
            "/@evil.example",
            "/a#b",
            "/a b",
            "/a\r\nSet-Cookie: x=y",
            "/é",
            "/<script>",
            "/auth/login",
            "/auth",
            "/api/reports",
            "?a",
            " /",
            &long,
        ] {
            assert_eq!(ReturnTo::parse(bad), None, "{bad:?}");
        }
    }
}
