//! Content codings and their negotiation.

use http::{HeaderMap, HeaderValue, header};

/// The coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `br`.
    Brotli,
    /// `gzip`.
    Gzip,
    /// No coding: the plain body.
    Plain,
}

impl Encoding {
    /// Returns the value for `Content-Encoding`; `None` for a plain body.
    pub fn name(self) -> Option<HeaderValue> {
        match self {
            Encoding::Brotli => Some(HeaderValue::from_static("br")),
            Encoding::Gzip => Some(HeaderValue::from_static("gzip")),
            Encoding::Plain => None,
        }
    }

    /// Returns true if the caller accepts this coding: it is named in `Accept-Encoding` with a weight other
    /// than 0 (RFC 9110, section 12.5.3). The wildcard is ignored: no browser sends it, and every client
    /// accepts a plain body.
    pub fn is_taken(self, asked: &HeaderMap) -> bool {
        let name = match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gzip",
            Encoding::Plain => return true,
        };
        let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let named = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(name));
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            named && weight.is_none_or(|weight| weight > 0.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_when_it_is_named_and_not_refused() {
        for (value, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("gzip;q=1.0, br;q=0", false, true),
            ("BR ; q=0.1", true, false),
            ("identity", false, false),
            ("*", false, false),
            ("", false, false),
        ] {
            let asked = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
            assert_eq!(Encoding::Brotli.is_taken(&asked), brotli, "{value}");
            assert_eq!(Encoding::Gzip.is_taken(&asked), gzip, "{value}");
        }
        assert!(Encoding::Plain.is_taken(&HeaderMap::new()));
    }
}
