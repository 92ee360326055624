//! The language of a page: the one that the client requests, else the one that the browser prefers, else
//! English.
use http::{HeaderMap, header};

use super::words::{ENGLISH, RUSSIAN, Words};

/// A language in which all pages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Russian,
}

impl Language {
    /// The language for a request; `ui_locales` is the preference of the client (OpenID Connect Core, section
    /// 3.1.2.1).
    pub(crate) fn of(headers: &HeaderMap, ui_locales: Option<&str>) -> Self {
        let wished = ui_locales.unwrap_or_default().split_whitespace().find_map(Language::from_tag);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        wished.or_else(|| preferred(accepted.unwrap_or_default())).unwrap_or(Language::English)
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Language::English => &ENGLISH,
            Language::Russian => &RUSSIAN,
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Language::English),
            "ru" => Some(Language::Russian),
            _ => None,
        }
    }
}

/// The known language with the highest weight, the first of equal ones (RFC 9110, section 12.5.4).
fn preferred(accept_language: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for range in accept_language.split(',').take(20) {
        let mut parts = range.split(';');
        let Some(language) = parts.next().and_then(|tag| Language::from_tag(tag.trim())) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_known_language_wins() {
        for (accepted, expected) in [
            ("", None),
            ("de, fr;q=0.5", None),
            ("ru", Some(Language::Russian)),
            ("ru-RU,ru;q=0.9,en;q=0.8", Some(Language::Russian)),
            ("de, en;q=0.5, ru;q=0.7", Some(Language::Russian)),
            ("EN-gb, ru", Some(Language::English)),
            ("ru;q=0, en;q=0.1", Some(Language::English)),
            ("ru;q=nonsense", Some(Language::Russian)),
        ] {
            assert_eq!(preferred(accepted), expected, "{accepted}");
        }
    }
}
