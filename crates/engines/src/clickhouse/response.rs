//! The head of a response: status, the `X-ClickHouse-*` headers, the summary.

use std::path::PathBuf;
use std::time::Instant;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};

use super::body::{self, ResponseBody};
use super::connection::Progress;
use super::encode::{Encoder, Encoding};
use super::failure::Failure;
use super::request::Request;
use super::{format, marker};

/// The zone of the engine, set in its configuration.
const TIMEZONE: &str = "UTC";
/// The name that the endpoint goes by.
const DISPLAY_NAME: &str = "bionicpro";

/// What every response of one request says.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) query_id: String,
    /// Of the result; empty when the statement has none, which clients tell apart by it.
    pub(super) format: String,
    /// The tag of the exception block of this response.
    pub(super) tag: String,
    pub(super) version: String,
    /// Where a long result is kept until its statement has ended.
    pub(super) spool_dir: PathBuf,
    encoding: Encoding,
    level: Option<u32>,
    started: Instant,
}

impl Head {
    pub(super) fn new(version: &str, spool_dir: PathBuf) -> Self {
        Head {
            query_id: uuid::Uuid::new_v4().to_string(),
            format: String::new(),
            tag: marker::new_tag(),
            version: version.to_owned(),
            spool_dir,
            encoding: Encoding::Plain,
            level: None,
            started: Instant::now(),
        }
    }

    /// Takes what the request wants to be called and how it wants its result.
    pub(super) fn take(&mut self, asked: &Request, encoding: Encoding) {
        if let Some(query_id) = &asked.query_id {
            self.query_id.clone_from(query_id);
        }
        self.encoding = encoding;
        let level = asked.settings.iter().find(|(name, _)| name == "http_zlib_compression_level");
        self.level = level.and_then(|(_, value)| value.parse().ok());
    }

    /// An encoder for this response's body.
    pub(super) fn encoder(&self) -> Result<Encoder, Failure> {
        Encoder::new(self.encoding, self.level).map_err(|error| Failure::from_engine(&error.to_string()))
    }

    /// A statement that has ended, with its whole result.
    pub(super) fn success(
        &self,
        progress: &Progress,
        bytes: &[u8],
    ) -> Result<Response<ResponseBody>, Failure> {
        let mut encoder = self.encoder()?;
        let encoded = encoder.push(bytes).and_then(|first| Ok([first, encoder.finish()?].concat()));
        let encoded = encoded.map_err(|error| Failure::from_engine(&error.to_string()))?;
        Ok(self.encoded(Some(progress), body::full(encoded)))
    }

    /// A result that is sent piece by piece, already encoded.
    pub(super) fn streaming(
        &self,
        progress: Option<&Progress>,
        body: ResponseBody,
    ) -> Response<ResponseBody> {
        self.encoded(progress, body)
    }

    fn encoded(&self, progress: Option<&Progress>, body: ResponseBody) -> Response<ResponseBody> {
        let mut response = self.finish(StatusCode::OK, progress, body);
        if let Some(name) = self.encoding.name() {
            set(&mut response, "content-encoding", name);
        }
        response
    }

    /// A statement that failed before its result began.
    pub(super) fn failure(&self, failure: &Failure) -> Response<ResponseBody> {
        let text = format!("{}\n", failure.with_version(&self.version));
        let mut response = self.finish(failure.status(), None, body::full(text));
        set(&mut response, "x-clickhouse-exception-code", &failure.code.to_string());
        set(&mut response, "content-type", "text/plain; charset=UTF-8");
        response
    }

    fn finish(
        &self,
        status: StatusCode,
        progress: Option<&Progress>,
        body: ResponseBody,
    ) -> Response<ResponseBody> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(format::content_type(&self.format)));
        set(&mut response, "x-clickhouse-summary", &self.summary(progress));
        set(&mut response, "x-clickhouse-query-id", &self.query_id);
        if !self.format.is_empty() {
            set(&mut response, "x-clickhouse-format", &self.format);
        }
        set(&mut response, "x-clickhouse-timezone", TIMEZONE);
        set(&mut response, "x-clickhouse-server-display-name", DISPLAY_NAME);
        set(&mut response, "x-clickhouse-exception-tag", &self.tag);
        response
    }

    /// Counters as a server writes them: numbers in quotes.
    fn summary(&self, progress: Option<&Progress>) -> String {
        let progress = progress.copied().unwrap_or_default();
        format!(
            "{{\"read_rows\":\"{}\",\"read_bytes\":\"{}\",\"written_rows\":\"{}\",\"written_bytes\":\"{}\",\"total_rows_to_read\":\"{}\",\"result_rows\":\"{}\",\"result_bytes\":\"{}\",\"elapsed_ns\":\"{}\"}}",
            progress.read_rows,
            progress.read_bytes,
            progress.written_rows,
            progress.written_bytes,
            progress.read_rows,
            progress.result_rows,
            progress.result_bytes,
            self.started.elapsed().as_nanos()
        )
    }
}

/// Sets a header; a value that a header cannot hold is left out.
fn set(response: &mut Response<ResponseBody>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
