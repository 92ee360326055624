//! The table of embedded files that `build.rs` writes.

use std::collections::HashMap;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};

use bionicpro_edge::Encoding;

/// A file of the built app, and its compressed forms if they were built.
pub(super) struct File {
    /// The path from the root of the site.
    pub(super) path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/app_files.rs"));
static BY_PATH: LazyLock<HashMap<&'static str, &'static File>> =
    LazyLock::new(|| FILES.iter().map(|file| (file.path, file)).collect());

/// Returns the file at that path.
pub(super) fn find(path: &str) -> Option<&'static File> {
    BY_PATH.get(path).copied()
}

/// Returns all files.
#[cfg(test)]
pub(super) fn all() -> &'static [File] {
    FILES
}

impl File {
    /// Returns the smallest form that the client accepts.
    pub(super) fn best(&self, asked: &HeaderMap) -> (Encoding, &'static [u8]) {
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if Encoding::Brotli.is_taken(asked) => (Encoding::Brotli, bytes),
            (_, Some(bytes)) if Encoding::Gzip.is_taken(asked) => (Encoding::Gzip, bytes),
            _ => (Encoding::Plain, self.plain),
        }
    }

    /// Returns an entity tag for the content and the form, because each form is a representation of its own.
    pub(super) fn tag(&self, encoding: Encoding) -> HeaderValue {
        let hash = digest::digest(&digest::SHA256, self.plain);
        let form = match encoding {
            Encoding::Brotli => "-br",
            Encoding::Gzip => "-gz",
            Encoding::Plain => "",
        };
        let tag = format!("\"{}{form}\"", URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
        HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
    }

    pub(super) fn media_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("json" | "webmanifest") => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }
}
