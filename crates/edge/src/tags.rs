//! Entity tags of a request.

use http::{HeaderMap, HeaderValue, header};

/// The entity tags of `If-None-Match` (RFC 9110, section 13.1.2): the versions that the client has.
#[derive(Debug)]
pub struct KnownTags(Vec<HeaderValue>);

impl KnownTags {
    /// Reads the tags that a request names.
    pub fn of(headers: &HeaderMap) -> Self {
        KnownTags(headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect())
    }

    /// Returns true if the tag, which must not contain a comma, is among them. The comparison is weak,
    /// because a proxy that compresses weakens tags.
    pub fn has(&self, tag: &str) -> bool {
        self.tags().any(|known| opaque(known) == opaque(tag))
    }

    /// Returns true if the client sent `*`, which matches any version.
    pub fn is_any(&self) -> bool {
        self.tags().eq(["*"])
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::trim)
    }
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&str]) -> KnownTags {
        let values = values.iter().map(|value| (header::IF_NONE_MATCH, value.parse().unwrap()));
        KnownTags::of(&values.collect())
    }

    #[test]
    fn a_tag_is_found_in_lists_weak_or_strong() {
        for values in [&["\"a\""][..], &["W/\"a\""], &["\"b\" , W/\"a\""], &["\"b\"", "\"a\",\"c\""]] {
            assert!(known(values).has("\"a\"") && known(values).has("W/\"a\""), "{values:?}");
        }
        for values in [&[][..], &[""], &["a"], &["w/\"a\""], &["\"a-gzip\""], &["\"A\""], &["*"], &["\u{fc}"]]
        {
            assert!(!known(values).has("\"a\""), "{values:?}");
        }
    }

    #[test]
    fn the_wildcard_stands_alone() {
        assert!(known(&["*"]).is_any() && known(&[" * "]).is_any());
        assert!(!known(&["*, *"]).is_any() && !known(&["\"*\""]).is_any() && !known(&[]).is_any());
    }
}
