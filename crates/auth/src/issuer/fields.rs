//! The fields of a query or a form, each once: RFC 6749, section 3.1, lets no parameter stand twice.

use http::{HeaderMap, header};

/// Decoded names and values in their order.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query, or the body of a form.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Fields(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Reads the body of a request that says that it is a form.
    pub(super) fn of_form(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
        media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded").then(|| Fields::parse(body))
    }

    /// The value of a field that stands once; one that is empty or stands twice is no field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    }

    /// Whether a field stands twice.
    pub(super) fn has_double(&self) -> bool {
        let count = |name: &String| self.0.iter().filter(|(field, _)| field == name).count();
        self.0.iter().any(|(name, _)| count(name) > 1)
    }
}
