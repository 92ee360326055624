//! A request's body as it was before the client compressed it.
//!
//! Decoders of all kinds read from the body and write pieces, on a thread of their own, with bounded queues at both
//! ends: a small body that grows without end stops at the first full queue.

use std::io::{self, BufRead, BufReader, Read};

use bytes::{Buf, Bytes};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use tokio::sync::mpsc;

use super::blocks::BlockReader;
use super::failure::{self, Failure};

/// Pieces in each queue, and bytes in each piece.
const QUEUE: usize = 4;
const PIECE_BYTES: usize = 64 << 10;

/// A body in pieces.
pub(super) type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// Undoes the request's `Content-Encoding` and, where the URL says so, its compressed blocks.
pub(super) fn decoded(pieces: Pieces, headers: &HeaderMap, has_blocks: bool) -> Result<Pieces, Failure> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
    let wrap: fn(Source) -> io::Result<Box<dyn Read>> = match encoding.unwrap_or("identity") {
        "" | "identity" if !has_blocks => return Ok(pieces),
        "" | "identity" => |source| Ok(Box::new(source)),
        "gzip" | "x-gzip" => |source| Ok(Box::new(flate2::bufread::MultiGzDecoder::new(source))),
        "deflate" => |source| Ok(Box::new(flate2::bufread::ZlibDecoder::new(source))),
        "zstd" => |source| Ok(Box::new(zstd::stream::read::Decoder::with_buffer(source)?)),
        "lz4" => |source| Ok(Box::new(Lz4Frames { decoder: lz4_flex::frame::FrameDecoder::new(source) })),
        "br" => |source| Ok(Box::new(brotli::Decompressor::new(source, PIECE_BYTES))),
        other => {
            return Err(Failure::new(
                failure::NOT_IMPLEMENTED,
                format!("Unknown compression method {other}: gzip, deflate, zstd, lz4 and br are known here"),
            ));
        }
    };
    Ok(on_a_thread(pieces, move |source| {
        let reader = wrap(source)?;
        Ok(if has_blocks { Box::new(BlockReader::new(reader)) } else { reader })
    }))
}

fn on_a_thread(
    mut pieces: Pieces,
    open: impl FnOnce(Source) -> io::Result<Box<dyn Read>> + Send + 'static,
) -> Pieces {
    let (raw_in, raw_out) = mpsc::channel(QUEUE);
    let (plain_in, plain_out) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        while let Some(piece) = pieces.next().await {
            if raw_in.send(piece).await.is_err() {
                return;
            }
        }
    });
    tokio::task::spawn_blocking(move || {
        let source =
            BufReader::with_capacity(PIECE_BYTES, ChannelReader { pieces: raw_out, rest: Bytes::new() });
        let outcome = open(source).and_then(|mut reader| {
            loop {
                let mut buffer = vec![0; PIECE_BYTES];
                let length = match reader.read(&mut buffer) {
                    Ok(0) => return Ok(()),
                    Ok(length) => length,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                buffer.truncate(length);
                if plain_in.blocking_send(Ok(Bytes::from(buffer))).is_err() {
                    return Ok(());
                }
            }
        });
        if let Err(error) = outcome {
            let _ = plain_in.blocking_send(Err(error));
        }
    });
    // Who has read the statement to its end asks once more for rows.
    stream(plain_out).fuse().boxed()
}

fn stream<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send {
    futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|item| (item, receiver))
    })
}

type Source = BufReader<ChannelReader>;

/// Reads from a queue of pieces.
struct ChannelReader {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        self.rest.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// LZ4 frames one after the other, as clients send one per piece.
struct Lz4Frames {
    decoder: lz4_flex::frame::FrameDecoder<Source>,
}

impl Read for Lz4Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() || self.decoder.get_mut().fill_buf()?.is_empty() {
                return Ok(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;
    use crate::clickhouse::encode::{Encoder, Encoding};

    async fn plain(encoding: &str, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        let pieces = bytes.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
        let stream = decoded(futures_util::stream::iter(pieces).boxed(), &headers, false).unwrap();
        stream.try_fold(Vec::new(), async |mut all, piece| all.write_all(&piece).map(|()| all)).await
    }

    #[tokio::test]
    async fn what_the_endpoint_encodes_it_decodes() {
        let data: Vec<u8> = (0..300_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        for (name, encoding) in [
            ("gzip", Encoding::Gzip),
            ("deflate", Encoding::Deflate),
            ("zstd", Encoding::Zstd),
            ("lz4", Encoding::Lz4),
            ("br", Encoding::Brotli),
        ] {
            let mut encoder = Encoder::new(encoding, None).unwrap();
            let mut bytes = Vec::new();
            for piece in data.chunks(50_000) {
                bytes.extend(encoder.push(piece).unwrap());
            }
            bytes.extend(encoder.finish().unwrap());
            assert!(bytes.len() < data.len() / 2, "{name}: {}", bytes.len());
            assert_eq!(plain(name, bytes.clone()).await.unwrap(), data, "{name}");
            // A cut body is an error and never a shorter body.
            bytes.truncate(bytes.len() - 10);
            assert!(plain(name, bytes).await.is_err(), "{name}");
        }
    }

    #[tokio::test]
    async fn frames_one_after_the_other_are_one_body() {
        for (name, encoding) in [("gzip", Encoding::Gzip), ("zstd", Encoding::Zstd), ("lz4", Encoding::Lz4)] {
            let mut bytes = Vec::new();
            for piece in ["one ", "two"] {
                let mut encoder = Encoder::new(encoding, None).unwrap();
                bytes.extend(encoder.push(piece.as_bytes()).unwrap());
                bytes.extend(encoder.finish().unwrap());
            }
            assert_eq!(plain(name, bytes).await.unwrap(), b"one two", "{name}");
        }
    }
}
