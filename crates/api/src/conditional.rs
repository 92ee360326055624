//! Conditional requests: the entity tag of a report, and 304 for a client that already has the report.
//!
//! A tag covers the person, their data, the request, and those aspects of the current time that the answer
//! depends on. The moment up to which the data reflect the source advances with every run but changes few
//! answers, so it is not part of the tag and is sent in a header field of its own.

use std::hash::{Hash, Hasher};

use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bionicpro_edge::{Encoding, KnownTags};
use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::answer::{AnswerKey, Answers, MEDIA_TYPE};
use crate::extractors::Wearer;
use crate::problem::Problem;

/// The header field with the newest moment that the data reflect.
const DATA_AS_OF: HeaderName = HeaderName::from_static("data-as-of");

/// The part of a request that a tag depends on, and the tags that the client has.
#[derive(Debug)]
pub(crate) struct Condition {
    address: String,
    known: KnownTags,
    encoding: Encoding,
}

/// The newest moment that the data reflect, and the end of the period in which it affects the answer.
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
    /// Set if `If-None-Match` contains the tag of this answer.
    is_known: bool,
    /// Set if `If-None-Match` is `*`: the client wants no answer if one exists.
    is_any_known: bool,
    encoding: Encoding,
}

impl<S: Sync> FromRequestParts<S> for Condition {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Condition {
            address: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            known: KnownTags::of(&parts.headers),
            encoding: match Encoding::Gzip.is_taken(&parts.headers) {
                true => Encoding::Gzip,
                false => Encoding::Plain,
            },
        })
    }
}

impl AsOf {
    /// For an answer that contains the moment but does not otherwise depend on it.
    pub(crate) fn said(data_as_of: Option<DateTime<Utc>>) -> Self {
        AsOf { data_as_of, until: None }
    }

    /// For an answer with spans of whole hours up to `until`, whose completeness depends on the moment.
    pub(crate) fn of_spans(data_as_of: Option<DateTime<Utc>>, until: DateTime<Utc>) -> Self {
        AsOf { data_as_of, until: Some(until) }
    }
}

impl Hash for AsOf {
    /// Hashes what an answer depends on: the hour that contains the moment, and whether the moment is past
    /// the start of that hour. Moments after `until` count as `until`.
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
    /// Returns the tag of an answer that depends only on the wearer, the URL, `as_of` and `data`. Where the
    /// answer depends on today's date or on a default range, `data` must include them.
    pub(crate) fn tag(&self, wearer: &Wearer, as_of: AsOf, data: impl Hash) -> Tagged {
        let mut digest = Digest(Context::new(&SHA256));
        env!("RENDERER").hash(&mut digest);
        (&wearer.username, &self.address, as_of).hash(&mut digest);
        data.hash(&mut digest);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.0.finish().as_ref());
        // 128 bits of the digest are more than enough.
        let half = u128::from_be_bytes(*bytes.first_chunk().expect("32 bytes"));
        let tag = format!("W/\"{half:032x}\"");
        Tagged {
            digest: bytes,
            is_known: self.known.has(&tag),
            is_any_known: self.known.is_any(),
            tag: value(&tag),
            data_as_of: as_of.data_as_of,
            encoding: self.encoding,
        }
    }
}

impl Tagged {
    /// Returns the response. Calls `make` only if neither the client nor this process has the answer.
    pub(crate) fn answer<T: Serialize>(
        self,
        answers: &Answers,
        make: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<Response, Problem> {
        if self.is_known {
            return Ok(self.finish(StatusCode::NOT_MODIFIED.into_response()));
        }
        let key = AnswerKey { digest: self.digest, data_as_of: self.data_as_of, encoding: self.encoding };
        let body = answers.get_or_render(key, make)?;
        if self.is_any_known {
            return Ok(self.finish(StatusCode::NOT_MODIFIED.into_response()));
        }
        let encoding = self.encoding.name().map(|name| [(header::CONTENT_ENCODING, name)]);
        Ok(self.finish(([(header::CONTENT_TYPE, MEDIA_TYPE)], encoding, body).into_response()))
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

/// Feeds hashed values into a SHA-256 digest, which reveals nothing about them.
struct Digest(Context);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the digest is taken from the context")
    }
}
