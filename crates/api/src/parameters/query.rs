//! Splits and decodes the query string, with one value per name.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::access::{self, AskedDays};
use crate::problem::{Problem, ProblemKind};

/// The decoded query of one request, checked against the names that its endpoint knows.
#[derive(Debug)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Decodes `text` and refuses names outside `known`, names given twice, and broken encoding.
    pub(crate) fn parse(text: &str, known: &[&'static str]) -> Result<Self, Problem> {
        let mut values: Vec<(&'static str, String)> = Vec::new();
        if text.is_empty() {
            return Ok(Query(values));
        }
        for piece in text.split('&') {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode(name)?;
            // The name is the client's text: it is compared, but never repeated in an answer.
            let Some(name) = known.iter().copied().find(|known| *known == name) else {
                return Err(unknown(known));
            };
            if values.iter().any(|(seen, _)| *seen == name) {
                return Err(Problem::parameter(name, format!("The parameter {name} is given twice")));
            }
            values.push((name, decode(value)?));
        }
        Ok(Query(values))
    }

    /// The value of `name`, if it was given. An empty value counts as given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

fn unknown(known: &[&str]) -> Problem {
    let detail = match known {
        [] => "This address takes no parameters".to_owned(),
        names => format!("Unknown parameter; this address takes {}", names.join(", ")),
    };
    Problem::new(ProblemKind::InvalidParameter).detail(detail)
}

/// Decodes `%41` and `+`. Refuses `%` without two hexadecimal digits, and results that are not UTF-8.
fn decode(text: &str) -> Result<String, Problem> {
    let broken = || {
        Problem::new(ProblemKind::InvalidParameter)
            .detail("The query is not valid percent-encoded UTF-8; encode a per cent sign as %25")
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => bytes.push(high << 4 | low),
                _ => return Err(broken()),
            },
            b'+' => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The parameters of one endpoint.
pub(crate) trait FromQuery: Sized {
    /// Every parameter name that the endpoint accepts.
    const NAMES: &'static [&'static str];

    /// Reads the values. An absent one takes its default; an invalid one is a problem that states the rule.
    fn from_query(query: &Query) -> Result<Self, Problem>;

    /// The days that the handler will read, for the audit log.
    fn days(&self) -> AskedDays;
}

/// No parameters: any is refused.
#[derive(Debug)]
pub(crate) struct NoParameters;

impl FromQuery for NoParameters {
    const NAMES: &'static [&'static str] = &[];

    fn from_query(_: &Query) -> Result<Self, Problem> {
        Ok(NoParameters)
    }

    fn days(&self) -> AskedDays {
        AskedDays::NONE
    }
}

/// The extractor of an endpoint's parameters.
#[derive(Debug)]
pub(crate) struct Strict<T>(pub(crate) T);

impl<T: FromQuery, S: Sync> FromRequestParts<S> for Strict<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or_default(), T::NAMES)?;
        let read = T::from_query(&query)?;
        access::about(parts, read.days());
        Ok(Strict(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["date", "tz"];

    #[test]
    fn names_and_values_are_decoded() {
        let query = Query::parse("tz=Europe%2FMoscow&%64ate=a+b", KNOWN).unwrap();
        assert_eq!(query.get("tz"), Some("Europe/Moscow"));
        assert_eq!(query.get("date"), Some("a b"));
        assert!(Query::parse("", KNOWN).unwrap().get("tz").is_none());
    }

    #[test]
    fn what_a_lax_parser_would_repair_is_refused() {
        for bad in [
            "date=1&date=1",
            "date=1&%64ate=2",
            "date[]=1",
            "Date=1",
            "user_id=bob",
            "&",
            "date=1&",
            "=1",
            "date=%ff",
            "date=%c0%ae",
            "date=%",
            "date=%4",
            "date=%zz",
            "date=%+1",
            "date=%ed%a0%80",
        ] {
            let problem = Query::parse(bad, KNOWN).unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::InvalidParameter, "{bad}");
        }
    }

    #[test]
    fn an_endpoint_without_parameters_refuses_any() {
        assert!(Query::parse("x=1", &[]).is_err());
        assert!(Query::parse("", &[]).is_ok());
    }
}
