//! The fields of a query or a form. Each may occur only once: of two, one was injected.

use std::borrow::Cow;

use bionicpro_edge::{Problem, ProblemKind};
use url::form_urlencoded;

/// The fields as they were sent.
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Parses `a=b&c=d`.
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        Fields(form_urlencoded::parse(text).collect())
    }

    /// Returns the value of a field.
    pub(crate) fn get(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_ref());
        let value = values.next();
        match values.next() {
            None => Ok(value),
            Some(_) => Err(Problem::parameter(name, "this parameter occurs more than once")),
        }
    }

    /// Fails if there is a field that the endpoint does not know.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self.0.iter().all(|(name, _)| known.contains(&name.as_ref())) {
            true => Ok(()),
            false => Err(Problem::new(ProblemKind::InvalidParameter).detail("a parameter is unknown")),
        }
    }
}
