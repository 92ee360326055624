//! Successful responses: JSON with its character encoding in the media type, and the cache of rendered
//! answers.

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use bionicpro_edge::Encoding;
use bionicpro_model::{Error, Kind};
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, header};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Serialize;

use crate::problem::Problem;

pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The overhead of a cached answer in bytes: its key and its slot.
const ANSWER_OVERHEAD: u64 = 128;
/// The estimated size of an answer in bytes, which determines the number of slots.
const TYPICAL_BYTES: u64 = 5_000;

/// The JSON body of a 200.
#[derive(Debug)]
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        if response.status().is_success() {
            response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
        }
        response
    }
}

/// The key of a rendered answer. Its digest covers everything that the answer depends on, so nothing has to
/// be invalidated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    pub(crate) digest: [u8; 32],
    /// The `data_as_of` that the answer contains.
    pub(crate) data_as_of: Option<DateTime<Utc>>,
    pub(crate) encoding: Encoding,
}

/// A cache of rendered answers; `None` if it is disabled.
#[derive(Debug)]
pub(crate) struct Answers(Option<Cache<AnswerKey, Bytes, Weight>>);

/// Weighs answers in bytes.
#[derive(Debug, Clone)]
struct Weight;

impl Weighter<AnswerKey, Bytes> for Weight {
    fn weight(&self, _: &AnswerKey, body: &Bytes) -> u64 {
        body.len() as u64 + ANSWER_OVERHEAD
    }
}

impl Answers {
    /// A cache of at most `bytes` in total; 0 disables it.
    pub(crate) fn new(bytes: u64) -> Self {
        let places = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(16);
        Answers((bytes > 0).then(|| Cache::with_weighter(places, bytes, Weight)))
    }

    /// Returns the cached answer for the key, or renders the answer of `make` and caches it.
    pub(crate) fn get_or_render<T: Serialize>(
        &self,
        key: AnswerKey,
        make: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<Bytes, Problem> {
        if let Some(body) = self.0.as_ref().and_then(|answers| answers.get(&key)) {
            return Ok(body);
        }
        let body = rendered(&make()?, key.encoding)?;
        if let Some(answers) = &self.0 {
            answers.insert(key, body.clone());
        }
        Ok(body)
    }
}

fn rendered(answer: &impl Serialize, encoding: Encoding) -> Result<Bytes, Problem> {
    let failed = |error| Error::new(Kind::Internal, "cannot serialize an answer as JSON").source(error);
    if encoding != Encoding::Gzip {
        return Ok(serde_json::to_vec(answer).map_err(failed)?.into());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut encoder, answer).map_err(failed)?;
    let ended = encoder
        .finish()
        .map_err(|error| Error::new(Kind::Internal, "cannot compress an answer").source(error));
    Ok(ended?.into())
}
