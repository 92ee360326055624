//! A response's body as the client wants it compressed.

use std::io::{self, Write};
use std::mem;

use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use super::blocks::BlockWriter;

/// The level of `http_zlib_compression_level` when the request does not say.
const DEFAULT_LEVEL: u32 = 3;
/// Brotli's window and buffer.
const BROTLI_WINDOW: u32 = 22;
const BROTLI_BUFFER: usize = 64 << 10;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    /// ClickHouse's own blocks, `compress=1`.
    Blocks,
    Gzip,
    Deflate,
    Zstd,
    Lz4,
    Brotli,
}

impl Encoding {
    /// What the client accepts, best for its price first.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let all = headers.get_all(ACCEPT_ENCODING);
        let is_accepted = |name: &str| {
            all.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
                |item| {
                    let (given, quality) = item.split_once(';').unwrap_or((item, ""));
                    let is_refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
                    given.trim().eq_ignore_ascii_case(name) && !is_refused
                },
            )
        };
        [
            ("zstd", Encoding::Zstd),
            ("lz4", Encoding::Lz4),
            ("br", Encoding::Brotli),
            ("gzip", Encoding::Gzip),
            ("deflate", Encoding::Deflate),
        ]
        .into_iter()
        .find(|(name, _)| is_accepted(name))
        .map_or(Encoding::Plain, |(_, encoding)| encoding)
    }

    /// The value of `Content-Encoding`.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Encoding::Plain | Encoding::Blocks => None,
            Encoding::Gzip => Some("gzip"),
            Encoding::Deflate => Some("deflate"),
            Encoding::Zstd => Some("zstd"),
            Encoding::Lz4 => Some("lz4"),
            Encoding::Brotli => Some("br"),
        }
    }
}

/// Compresses a body piece by piece.
pub(super) enum Encoder {
    Plain,
    Blocks(BlockWriter),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Deflate(flate2::write::ZlibEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Lz4(Box<lz4_flex::frame::FrameEncoder<Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
}

impl Encoder {
    /// `level` is the request's `http_zlib_compression_level`.
    pub(super) fn new(encoding: Encoding, level: Option<u32>) -> io::Result<Self> {
        let level = level.unwrap_or(DEFAULT_LEVEL);
        let zlib = flate2::Compression::new(level.min(9));
        Ok(match encoding {
            Encoding::Plain => Encoder::Plain,
            Encoding::Blocks => Encoder::Blocks(BlockWriter::new()),
            Encoding::Gzip => Encoder::Gzip(flate2::write::GzEncoder::new(Vec::new(), zlib)),
            Encoding::Deflate => Encoder::Deflate(flate2::write::ZlibEncoder::new(Vec::new(), zlib)),
            Encoding::Zstd => {
                let level = i32::try_from(level.min(9)).unwrap_or(1);
                Encoder::Zstd(zstd::stream::write::Encoder::new(Vec::new(), level)?)
            }
            Encoding::Lz4 => Encoder::Lz4(Box::new(lz4_flex::frame::FrameEncoder::new(Vec::new()))),
            Encoding::Brotli => Encoder::Brotli(Box::new(brotli::CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER,
                level.min(9),
                BROTLI_WINDOW,
            ))),
        })
    }

    /// Takes a piece and gives what can be sent already, possibly nothing.
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        let written = match self {
            Encoder::Plain => return Ok(Bytes::copy_from_slice(piece)),
            Encoder::Blocks(writer) => {
                writer.write_all(piece)?;
                &mut writer.written
            }
            Encoder::Gzip(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
            Encoder::Deflate(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
            Encoder::Zstd(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
            Encoder::Lz4(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
            Encoder::Brotli(writer) => {
                writer.write_all(piece)?;
                writer.get_mut()
            }
        };
        Ok(mem::take(written).into())
    }

    /// Whether bodies are encoded at all.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Encoder::Plain)
    }

    /// Gives all that was taken so far, so that a decoder sees it without what follows.
    pub(super) fn flush(&mut self) -> io::Result<Bytes> {
        let written = match self {
            Encoder::Plain | Encoder::Blocks(_) => return Ok(Bytes::new()),
            Encoder::Gzip(writer) => {
                writer.flush()?;
                writer.get_mut()
            }
            Encoder::Deflate(writer) => {
                writer.flush()?;
                writer.get_mut()
            }
            Encoder::Zstd(writer) => {
                writer.flush()?;
                writer.get_mut()
            }
            Encoder::Lz4(writer) => {
                writer.flush()?;
                writer.get_mut()
            }
            Encoder::Brotli(writer) => {
                writer.flush()?;
                writer.get_mut()
            }
        };
        Ok(mem::take(written).into())
    }

    /// Ends the body and gives its last bytes.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        Ok(match self {
            Encoder::Plain => Bytes::new(),
            Encoder::Blocks(writer) => writer.written.into(),
            Encoder::Gzip(writer) => writer.finish()?.into(),
            Encoder::Deflate(writer) => writer.finish()?.into(),
            Encoder::Zstd(writer) => writer.finish()?.into(),
            Encoder::Lz4(writer) => writer.finish().map_err(io::Error::other)?.into(),
            Encoder::Brotli(writer) => writer.into_inner().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_what_is_accepted_is_taken() {
        for (accepted, expected) in [
            ("lz4, zstd", Encoding::Zstd),
            ("gzip, deflate, br", Encoding::Brotli),
            ("gzip;q=0, lz4", Encoding::Lz4),
            ("identity", Encoding::Plain),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
            assert_eq!(Encoding::accepted(&headers), expected, "{accepted}");
        }
    }
}
