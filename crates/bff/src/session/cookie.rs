//! The cookies: their names and attributes, and how they are read.
//!
//! On https they carry the prefix `__Host-Http-`: a browser then binds them to this host, accepts them over
//! TLS only and hides them from scripts. On plain http, which is for loopback only, browsers reject the
//! prefix, so they have none.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::secret::CookieSecret;

/// The name of the session cookie, after the prefix.
const SESSION: &str = "sid";
/// The name prefix of sign-in cookies. The beginning of `state` follows, so that two tabs do not interfere.
const SIGN_IN: &str = "signin-";
/// The number of characters of `state` in the name.
const STATE_IN_NAME: usize = 12;
/// Seconds that a person may take to sign in.
pub(crate) const SIGN_IN_LIFE_S: i64 = 600;
/// Sign-ins that a browser may have in progress. The next one removes all older ones.
const MOST_SIGN_INS: usize = 4;

/// Reads and writes the cookies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    is_secure: bool,
}

impl Cookies {
    /// Creates it; `is_secure` is true if browsers use https.
    pub(crate) fn new(is_secure: bool) -> Self {
        Cookies { is_secure }
    }

    /// Returns the session's secret, if the request carries exactly one cookie of that name and it is
    /// well-formed.
    pub(crate) fn session(self, headers: &HeaderMap) -> Option<CookieSecret> {
        only(headers, &self.name(SESSION)).and_then(CookieSecret::parse)
    }

    /// Returns the secret of the sign-in with this `state`.
    pub(crate) fn sign_in(self, headers: &HeaderMap, state: &str) -> Option<CookieSecret> {
        only(headers, &self.sign_in_name(state)?).and_then(CookieSecret::parse)
    }

    /// Returns the secrets of the browser's sign-ins in progress.
    pub(crate) fn sign_ins(self, headers: &HeaderMap) -> Vec<CookieSecret> {
        let prefix = self.name(SIGN_IN);
        let under_way = all(headers).filter(|(name, _)| name.starts_with(&prefix));
        under_way.filter_map(|(_, value)| CookieSecret::parse(value)).take(MOST_SIGN_INS).collect()
    }

    /// Sets the session cookie. Strict: no page of another site makes the browser send it.
    pub(crate) fn set_session(self, headers: &mut HeaderMap, secret: &CookieSecret) {
        self.set(headers, &self.name(SESSION), &secret.text(), "Strict", None);
    }

    /// Removes the session cookie.
    pub(crate) fn remove_session(self, headers: &mut HeaderMap) {
        self.set(headers, &self.name(SESSION), "", "Strict", Some(0));
    }

    /// Sets the cookie with the secret of a sign-in. Lax: the browser must send it when it comes back from
    /// the issuer's site.
    pub(crate) fn set_sign_in(
        self,
        request: &HeaderMap,
        headers: &mut HeaderMap,
        state: &str,
        secret: &CookieSecret,
    ) {
        let prefix = self.name(SIGN_IN);
        let under_way: Vec<_> = all(request).filter(|(name, _)| name.starts_with(&prefix)).collect();
        if under_way.len() >= MOST_SIGN_INS {
            for (name, _) in under_way {
                self.set(headers, name, "", "Lax", Some(0));
            }
        }
        if let Some(name) = self.sign_in_name(state) {
            self.set(headers, &name, &secret.text(), "Lax", Some(SIGN_IN_LIFE_S));
        }
    }

    /// Removes the cookie of a sign-in.
    pub(crate) fn remove_sign_in(self, headers: &mut HeaderMap, state: &str) {
        if let Some(name) = self.sign_in_name(state) {
            self.set(headers, &name, "", "Lax", Some(0));
        }
    }

    fn name(self, name: &str) -> String {
        format!("{}{name}", if self.is_secure { "__Host-Http-" } else { "bionicpro-" })
    }

    fn sign_in_name(self, state: &str) -> Option<String> {
        let start = state.get(..STATE_IN_NAME).filter(|start| start.bytes().all(is_plain))?;
        Some(self.name(&format!("{SIGN_IN}{start}")))
    }

    fn set(self, headers: &mut HeaderMap, name: &str, value: &str, same_site: &str, max_age_s: Option<i64>) {
        let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}");
        if self.is_secure {
            text.push_str("; Secure");
        }
        if let Some(seconds) = max_age_s {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        // Names and values are letters, digits, `-` and `_`.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(SET_COOKIE, value);
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Returns all cookies of a request. Header lines that are not text are skipped.
fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| !name.is_empty() && name.bytes().all(is_plain))
}

/// Returns the value of a cookie that occurs exactly once: of two, one was planted.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = all(headers).filter(|(found, _)| *found == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, line.parse().unwrap())).collect()
    }

    fn set_by(change: impl FnOnce(&mut HeaderMap)) -> Vec<String> {
        let mut headers = HeaderMap::new();
        change(&mut headers);
        headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn b01_the_session_cookie_stays_with_this_host_and_away_from_scripts() {
        let secret = CookieSecret::generate().unwrap();
        let set = set_by(|headers| Cookies::new(true).set_session(headers, &secret));
        let text = secret.text();
        assert_eq!(set, [format!("__Host-Http-sid={text}; Path=/; HttpOnly; SameSite=Strict; Secure")]);
    }

    #[test]
    fn b02_the_sign_in_cookie_comes_back_from_another_site_and_lasts_ten_minutes() {
        let secret = CookieSecret::generate().unwrap();
        let state = "abcdefghijklmnopqrstuvwxyz";
        let set = set_by(|headers| {
            Cookies::new(true).set_sign_in(&HeaderMap::new(), headers, state, &secret);
        });
        let text = secret.text();
        assert_eq!(
            set,
            [format!(
                "__Host-Http-signin-abcdefghijkl={text}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"
            )]
        );
    }

    #[test]
    fn b03_a_removal_has_the_attributes_that_the_prefix_demands() {
        let set = set_by(|headers| Cookies::new(true).remove_session(headers));
        assert_eq!(set, ["__Host-Http-sid=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"]);
    }

    #[test]
    fn on_plain_loopback_there_is_no_prefix() {
        let set = set_by(|headers| Cookies::new(false).remove_session(headers));
        assert_eq!(set, ["bionicpro-sid=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"]);
    }

    #[test]
    fn b20_only_one_cookie_of_the_exact_name_and_form_counts() {
        let secret = CookieSecret::generate().unwrap();
        let text = secret.text();
        let read = |lines: &[&str]| Cookies::new(true).session(&request(lines)).is_some();
        let good = format!("__Host-Http-sid={text}");
        assert!(read(&[&good]));
        assert!(read(&[&format!("a=b; {good}; c")]));
        assert!(read(&["theme=dark", &good]));
        let crowd = format!("{}{good}", "x=y; ".repeat(100));
        assert!(read(&[&crowd]));
        for bad in [
            format!("sid={text}"),
            format!("bionicpro-sid={text}"),
            format!("__Host-sid={text}"),
            format!("__host-http-sid={text}"),
            format!("{good}; {good}"),
            format!("{good}x"),
            format!("__Host-Http-sid=\"{text}\""),
            format!("__Host-Http-sid={}", "a".repeat(5000)),
            "__Host-Http-sid=".to_owned(),
        ] {
            assert!(!read(&[&bad]), "{bad}");
        }
        assert!(!read(&[&good, &good]));
    }

    #[test]
    fn a_browser_does_not_gather_sign_ins() {
        let names: Vec<_> = (0..4).map(|n| format!("__Host-Http-signin-abcdefghijk{n}=x")).collect();
        let old = request(&[&names.join("; ")]);
        let secret = CookieSecret::generate().unwrap();
        let set = set_by(|headers| Cookies::new(true).set_sign_in(&old, headers, "zzzzzzzzzzzzzz", &secret));
        assert_eq!(set.iter().filter(|line| line.ends_with("Max-Age=0")).count(), 4);
        assert_eq!(set.len(), 5);
    }
}
