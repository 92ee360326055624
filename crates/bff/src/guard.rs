//! Checks that a request comes from our own page. A cookie proves who the user is, but not that the user
//! intended the request; cross-site request forgery relies on that.
//!
//! Three checks, each enough to refuse: a header that another site cannot send without a preflight (which is
//! never granted), the browser's statement of where the request comes from, and, if it makes none, the page's
//! origin.

use axum::extract::FromRequestParts;
use bionicpro_edge::{Problem, ProblemKind};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};

use crate::metrics;
use crate::state::AppState;

const CSRF: HeaderName = HeaderName::from_static("x-csrf");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A request that the web app made. Handlers that change something or return personal data require it.
pub(crate) struct OwnPage(());

/// A request that no other site made, for endpoints that only read and whose response format other sites
/// cannot read.
pub(crate) struct NotForeign(());

/// A request that navigates to a page, rather than loading a script or an image.
pub(crate) struct Navigation(());

impl FromRequestParts<AppState> for OwnPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, bff: &AppState) -> Result<Self, Problem> {
        if only(&parts.headers, &CSRF) != Some("1") {
            return Err(refuse("csrf_header"));
        }
        let is_unsafe = !matches!(parts.method, Method::GET | Method::HEAD);
        from_own_origin(&parts.headers, &bff.origin.text, is_unsafe).map(OwnPage)
    }
}

impl FromRequestParts<AppState> for NotForeign {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, bff: &AppState) -> Result<Self, Problem> {
        // Typed into the address bar: the user's own intent.
        if only(&parts.headers, &FETCH_SITE) == Some("none") {
            return Ok(NotForeign(()));
        }
        from_own_origin(&parts.headers, &bff.origin.text, false).map(NotForeign)
    }
}

impl FromRequestParts<AppState> for Navigation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        match parts.headers.get(FETCH_MODE) {
            Some(mode) if mode != "navigate" => Err(refuse("fetch_mode")),
            _ => Ok(Navigation(())),
        }
    }
}

/// If `must_say` is set, a request without any statement of its origin is refused.
fn from_own_origin(headers: &HeaderMap, own: &str, must_say: bool) -> Result<(), Problem> {
    let has = |name: &HeaderName| headers.contains_key(name);
    if has(&FETCH_SITE) && only(headers, &FETCH_SITE) != Some("same-origin") {
        return Err(refuse("fetch_site"));
    }
    if has(&header::ORIGIN) && only(headers, &header::ORIGIN) != Some(own) {
        return Err(refuse("origin"));
    }
    if must_say && !has(&FETCH_SITE) && !has(&header::ORIGIN) {
        return Err(refuse("no_origin"));
    }
    Ok(())
}

/// Returns the value of a header that occurs exactly once.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn refuse(reason: &'static str) -> Problem {
    metrics::count_foreign(reason);
    Problem::new(ProblemKind::Forbidden)
        .detail("This request does not come from a page of this site")
        .reason(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://app.example.com";

    fn may(headers: &[(&'static str, &str)], must_say: bool) -> bool {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        from_own_origin(&pairs.collect(), OWN, must_say).is_ok()
    }

    #[test]
    fn b22_what_the_browser_says_decides_and_the_origin_where_it_says_nothing() {
        for (site, unsafe_method, safe_method) in [
            ("same-origin", true, true),
            ("same-site", false, false),
            ("cross-site", false, false),
            ("none", false, false),
            ("SAME-ORIGIN", false, false),
            ("", false, false),
        ] {
            assert_eq!(may(&[("sec-fetch-site", site)], true), unsafe_method, "{site}");
            assert_eq!(may(&[("sec-fetch-site", site)], false), safe_method, "{site}");
        }
        assert!(may(&[("origin", OWN)], true));
        assert!(!may(&[], true), "unsafe, and no sign at all");
        assert!(may(&[], false));
    }

    #[test]
    fn b23_only_the_exact_origin_is_ours() {
        for bad in [
            "null",
            "",
            "https://evil.example",
            "https://app.example.com.evil.tld",
            "http://app.example.com",
            "https://app.example.com:444",
            "https://app.example.com/",
            "https://APP.example.com",
            "https://sub.app.example.com",
        ] {
            assert!(!may(&[("origin", bad)], true), "{bad}");
            assert!(!may(&[("origin", bad)], false), "{bad}");
            assert!(!may(&[("sec-fetch-site", "same-origin"), ("origin", bad)], true), "{bad}");
        }
        assert!(!may(&[("origin", OWN), ("origin", OWN)], true), "twice");
        assert!(!may(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], true));
    }
}
