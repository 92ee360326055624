//! Conditional requests: the entity tag of a report, and 304 for who has it already.
//!
//! A tag is made from the person, their data, the question, and what of the present the answer depends on. The moment up to
//! which the data reflect the source moves with every run and changes few answers: it is no part of the tag, and travels in a
//! header field of its own.

use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bionicpro_edge::Encoding;
use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::answer::{AnswerName, Answers, MEDIA_TYPE};
use crate::problem::Problem;
use crate::wearer::Wearer;

/// The header field with the newest moment that the data reflect.
pub(crate) const DATA_AS_OF: HeaderName = HeaderName::from_static("data-as-of");

/// How many bytes of the digest a tag has.
const TAG_BYTES: usize = 16;

/// The part of a request that a tag depends on, and the tags that the client has.
#[derive(Debug)]
pub(crate) struct Condition {
    address: String,
    /// The values of `If-None-Match`.
    known: Vec<HeaderValue>,
    takes_gzip: bool,
}

/// The newest moment that the data reflect, and until when it matters for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsOf {
    data_as_of: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

/// The header fields of a report.
#[derive(Debug)]
pub(crate) struct Tagged {
    digest: [u8; 32],
    tag: HeaderValue,
    data_as_of: Option<DateTime<Utc>>,
    /// The client has this very answer.
    is_known: bool,
    /// The client wants no answer if there is one.
    is_any_known: bool,
    takes_gzip: bool,
}

impl<S: Sync> FromRequestParts<S> for Condition {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Condition {
            address: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            known: parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect(),
            takes_gzip: Encoding::Gzip.is_taken(&parts.headers),
        })
    }
}

impl AsOf {
    /// An answer that says the moment and is the same whatever it is.
    pub(crate) fn said(data_as_of: Option<DateTime<Utc>>) -> Self {
        AsOf { data_as_of, until: None }
    }

    /// An answer with spans of whole hours up to a moment, which are complete or not by the data's moment.
    pub(crate) fn of_spans(data_as_of: Option<DateTime<Utc>>, until: DateTime<Utc>) -> Self {
        AsOf { data_as_of, until: Some(until) }
    }
}

impl Hash for AsOf {
    /// Of the moment what an answer shows: the hour that it lies in and whether it begins it, up to the last one in question.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.data_as_of.is_some().hash(hasher);
        if let (Some(as_of), Some(until)) = (self.data_as_of, self.until) {
            let as_of = as_of.min(until);
            let hour = as_of.duration_trunc(TimeDelta::hours(1)).unwrap_or(as_of);
            (hour, hour < as_of).hash(hasher);
        }
    }
}

impl Condition {
    /// The tag of an answer that depends on these data and on nothing else. Days that were asked for by default, and today, are
    /// among them.
    pub(crate) fn tag(&self, wearer: &Wearer, as_of: AsOf, data: impl Hash) -> Tagged {
        let mut digest = Digest(Context::new(&SHA256));
        env!("RENDERER").hash(&mut digest);
        (&wearer.name, &self.address, as_of).hash(&mut digest);
        data.hash(&mut digest);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.0.finish().as_ref());
        let mut opaque = String::from("\"");
        bytes[..TAG_BYTES].iter().for_each(|byte| write!(opaque, "{byte:02x}").expect("a text takes all"));
        opaque.push('"');
        let known =
            self.known.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let known: Vec<&str> = known.map(str::trim).collect();
        // A comparison of weak tags. Commas within tags are none of ours.
        let is_known = known.iter().any(|known| known.strip_prefix("W/").unwrap_or(known) == opaque);
        Tagged {
            digest: bytes,
            tag: value(&format!("W/{opaque}")),
            data_as_of: as_of.data_as_of,
            is_known,
            is_any_known: known == ["*"],
            takes_gzip: self.takes_gzip,
        }
    }
}

impl Tagged {
    /// The answer, which is made only if neither the client nor this process has it.
    pub(crate) fn answer<T: Serialize>(
        self,
        answers: &Answers,
        make: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<Response, Problem> {
        if self.is_known {
            return Ok(self.finish(StatusCode::NOT_MODIFIED.into_response()));
        }
        let name = AnswerName { digest: self.digest, data_as_of: self.data_as_of, gzip: self.takes_gzip };
        let body = answers.get_or_render(name, make)?;
        if self.is_any_known {
            return Ok(self.finish(StatusCode::NOT_MODIFIED.into_response()));
        }
        let encoding = self.takes_gzip.then(|| Encoding::Gzip.name()).flatten();
        Ok(self.finish(
            (
                [(header::CONTENT_TYPE, MEDIA_TYPE)],
                encoding.map(|name| [(header::CONTENT_ENCODING, name)]),
                body,
            )
                .into_response(),
        ))
    }

    fn finish(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("authorization, accept-encoding"));
        let at = self.data_as_of.map(|at| value(&at.to_rfc3339_opts(SecondsFormat::Secs, true)));
        headers.extend(at.map(|at| (DATA_AS_OF, at)));
        response
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits are a header value")
}

/// Takes what values hash, for a digest that says nothing of them.
struct Digest(Context);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the digest is taken from the context")
    }
}
