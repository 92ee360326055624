//! ClickHouse's own compressed blocks: `compress=1` and `decompress=1`.
//!
//! A block is a CityHash128 (version 1.0.2) of what follows it, a method byte, the size of the compressed part with
//! these nine bytes, the size of the data, and the compressed data. All numbers are little-endian.

use std::io::{self, Read, Write};

use cityhash_rs::cityhash_102_128;

use super::failure::{self, Failure};

const CHECKSUM_BYTES: usize = 16;
const HEADER_BYTES: usize = 9;
const METHOD_NONE: u8 = 0x02;
const METHOD_LZ4: u8 = 0x82;
const METHOD_ZSTD: u8 = 0x90;
/// The largest block that is taken: clients cut at 1 MB, and the endpoint's memory is bounded.
const MAX_BLOCK_BYTES: usize = 16 << 20;
/// The size at which blocks are cut when written.
const WRITTEN_BLOCK_BYTES: usize = 256 << 10;

/// The checksum as it is written: the low half first.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    cityhash_102_128(bytes).rotate_left(64).to_le_bytes()
}

/// Reads blocks and gives their data.
#[derive(Debug)]
pub(super) struct BlockReader<R> {
    source: R,
    compressed: Vec<u8>,
    data: Vec<u8>,
    position: usize,
}

impl<R: Read> BlockReader<R> {
    pub(super) fn new(source: R) -> Self {
        BlockReader { source, compressed: Vec::new(), data: Vec::new(), position: 0 }
    }

    /// Reads the next block; `false` at the end of the source.
    fn next_block(&mut self) -> io::Result<bool> {
        let mut head = [0; CHECKSUM_BYTES + HEADER_BYTES];
        match read_up_to(&mut self.source, &mut head)? {
            0 => return Ok(false),
            length if length < head.len() => {
                return Err(refuse(failure::CANNOT_DECOMPRESS, "Cannot decompress: a block's header is cut"));
            }
            _ => {}
        }
        let (expected, header) = head.split_at(CHECKSUM_BYTES);
        let size_at = |at: usize| {
            usize::try_from(u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]))
                .unwrap_or(usize::MAX)
        };
        let (compressed, uncompressed) = (size_at(1), size_at(5));
        if !(HEADER_BYTES..=MAX_BLOCK_BYTES).contains(&compressed) || uncompressed > MAX_BLOCK_BYTES {
            return Err(refuse(
                failure::TOO_LARGE_SIZE_COMPRESSED,
                format!(
                    "Too large or wrong block sizes: {compressed} compressed, {uncompressed} uncompressed"
                ),
            ));
        }
        self.compressed.clear();
        self.compressed.extend_from_slice(header);
        self.compressed.resize(compressed, 0);
        if read_up_to(&mut self.source, &mut self.compressed[HEADER_BYTES..])? < compressed - HEADER_BYTES {
            return Err(refuse(failure::CANNOT_DECOMPRESS, "Cannot decompress: a block is cut"));
        }
        if checksum(&self.compressed) != expected {
            return Err(refuse(
                failure::CHECKSUM_DOESNT_MATCH,
                "Checksum doesn't match: corrupted data in a compressed block",
            ));
        }
        self.position = 0;
        self.data.clear();
        self.data.resize(uncompressed, 0);
        let payload = &self.compressed[HEADER_BYTES..];
        let length = match header[0] {
            METHOD_NONE if payload.len() == uncompressed => {
                self.data.copy_from_slice(payload);
                Some(uncompressed)
            }
            METHOD_NONE => None,
            METHOD_LZ4 => lz4_flex::block::decompress_into(payload, &mut self.data).ok(),
            METHOD_ZSTD => zstd::bulk::decompress_to_buffer(payload, &mut self.data).ok(),
            method => {
                return Err(refuse(
                    failure::UNKNOWN_COMPRESSION_METHOD,
                    format!("Unknown compression method: {method:#x}; LZ4, ZSTD and NONE are known here"),
                ));
            }
        };
        if length != Some(uncompressed) {
            return Err(refuse(
                failure::CANNOT_DECOMPRESS,
                "Cannot decompress: a block's data do not fit its sizes",
            ));
        }
        Ok(true)
    }
}

impl<R: Read> Read for BlockReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.data.len() {
            if !self.next_block()? {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.data.len() - self.position);
        buffer[..length].copy_from_slice(&self.data[self.position..self.position + length]);
        self.position += length;
        Ok(length)
    }
}

/// Writes what it gets as LZ4 blocks.
#[derive(Debug)]
pub(super) struct BlockWriter {
    pub(super) written: Vec<u8>,
}

impl BlockWriter {
    pub(super) fn new() -> Self {
        BlockWriter { written: Vec::new() }
    }

    fn block(&mut self, data: &[u8]) -> io::Result<()> {
        let start = self.written.len();
        let bound = lz4_flex::block::get_maximum_output_size(data.len());
        self.written.resize(start + CHECKSUM_BYTES + HEADER_BYTES + bound, 0);
        let payload = &mut self.written[start + CHECKSUM_BYTES + HEADER_BYTES..];
        let length =
            HEADER_BYTES + lz4_flex::block::compress_into(data, payload).map_err(io::Error::other)?;
        self.written.truncate(start + CHECKSUM_BYTES + length);
        let (head, block) = self.written[start..].split_at_mut(CHECKSUM_BYTES);
        block[0] = METHOD_LZ4;
        block[1..5].copy_from_slice(&u32::try_from(length).map_err(io::Error::other)?.to_le_bytes());
        block[5..9].copy_from_slice(&u32::try_from(data.len()).map_err(io::Error::other)?.to_le_bytes());
        head.copy_from_slice(&checksum(block));
        Ok(())
    }
}

impl Write for BlockWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        for piece in data.chunks(WRITTEN_BLOCK_BYTES) {
            self.block(piece)?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads until the buffer is full or the source ends.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match source.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn refuse(code: failure::Code, message: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Failure::new(code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(data: &[u8]) -> Vec<u8> {
        let mut writer = BlockWriter::new();
        writer.write_all(data).unwrap();
        writer.written
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>, i32> {
        let mut data = Vec::new();
        match BlockReader::new(bytes).read_to_end(&mut data) {
            Ok(_) => Ok(data),
            Err(error) => Err(Failure::from_io(&error).code),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [0, 1, 255, WRITTEN_BLOCK_BYTES, 3 * WRITTEN_BLOCK_BYTES + 7] {
            let data: Vec<u8> = (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
            assert_eq!(read(&written(&data)), Ok(data));
        }
    }

    #[test]
    fn every_method_is_read() {
        let data = b"a block without any compression";
        for (method, payload) in
            [(METHOD_NONE, data.to_vec()), (METHOD_ZSTD, zstd::bulk::compress(data, 1).unwrap())]
        {
            let mut block = vec![method];
            block.extend(u32::try_from(payload.len() + HEADER_BYTES).unwrap().to_le_bytes());
            block.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            block.extend(payload);
            let mut bytes = checksum(&block).to_vec();
            bytes.extend(block);
            assert_eq!(read(&bytes), Ok(data.to_vec()));
        }
    }

    #[test]
    fn a_flipped_bit_a_cut_block_and_a_lie_about_sizes_are_refused() {
        let good = written(b"some rows");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(read(&bad).is_err(), "byte {at}");
        }
        assert_eq!(read(&good[..good.len() - 1]), Err(271));
        assert_eq!(read(&good[..20]), Err(271));
        let mut huge = good;
        huge[17..21].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read(&huge), Err(354));
    }
}
