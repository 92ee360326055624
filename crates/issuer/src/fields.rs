//! The fields of a query or a form. RFC 6749, section 3.1, does not allow a parameter to occur more than
//! once.
use http::{HeaderMap, header};

/// Decoded names and values in their order.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query, or the body of a form.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Fields(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Reads the body of a request with the content type of a form; `None` for any other.
    pub(crate) fn of_form(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
        media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded").then(|| Fields::parse(body))
    }

    /// The value of a field; `None` if it is missing, is empty or occurs more than once.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    }

    /// Returns true if a field occurs more than once.
    pub(crate) fn has_double(&self) -> bool {
        let count = |name: &String| self.0.iter().filter(|(field, _)| field == name).count();
        self.0.iter().any(|(name, _)| count(name) > 1)
    }
}
