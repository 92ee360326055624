//! Successful answers: JSON that names its encoding, and those that were rendered before.

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

/// The overhead of an answer: key and place.
const ANSWER_OVERHEAD: u64 = 128;
/// The estimated size of an answer, from which the number of places follows.
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

/// The key of a rendered answer. Its digest covers everything that the answer depends on, so nothing has to be invalidated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    pub(crate) digest: [u8; 32],
    /// The moment that the answer says.
    pub(crate) data_as_of: Option<DateTime<Utc>>,
    pub(crate) encoding: Encoding,
}

/// Rendered answers, in place of rendering them again.
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
    /// Keeps answers of up to so many bytes in all; none at 0.
    pub(crate) fn new(bytes: u64) -> Self {
        let places = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(16);
        Answers((bytes > 0).then(|| Cache::with_weighter(places, bytes, Weight)))
    }

    /// The answer with this key; rendered if there is none.
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
    let failed = |error| Error::new(Kind::Internal, "an answer cannot be written as JSON").source(error);
    if encoding != Encoding::Gzip {
        return Ok(serde_json::to_vec(answer).map_err(failed)?.into());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut encoder, answer).map_err(failed)?;
    let ended = encoder
        .finish()
        .map_err(|error| Error::new(Kind::Internal, "an answer cannot be compressed").source(error));
    Ok(ended?.into())
}
