//! PostgreSQL's binary COPY format, decoded straight into columns.
//!
//! Source of the format: PostgreSQL documentation, COPY, "Binary Format".

use std::collections::HashSet;

use bytes::{Buf, Bytes, BytesMut};

use super::batch::CellBatch;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, length of the header extension.
const HEADER_LENGTH: usize = SIGNATURE.len() + 8;
const COLUMNS: i16 = 15;
/// The beginning of PostgreSQL's time, 2000-01-01, in microseconds since 1970.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// The bytes do not match what the query must return.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// Not valid text: the server does not check texts that it need not convert.
    #[error("the name of a chip is not valid text in the database's encoding")]
    NoText,
    #[error("binary COPY: {0}")]
    Format(&'static str),
}

/// Decodes a COPY stream that arrives in pieces of any size.
#[derive(Default)]
pub(crate) struct Decoder<'a> {
    /// The chips whose cells are wanted; `None` for all.
    named: Option<&'a HashSet<&'a [u8]>>,
    /// The beginning of a row whose end has not arrived.
    rest: BytesMut,
    has_header: bool,
    has_ended: bool,
    /// Movements of rows without a chip: no cell can hold them.
    pub(crate) without_chip: i64,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(named: Option<&'a HashSet<&'a [u8]>>) -> Self {
        Decoder { named, ..Decoder::default() }
    }

    /// Adds the rows of `piece` to `batch`.
    pub(crate) fn feed(&mut self, piece: Bytes, batch: &mut CellBatch) -> Result<(), Malformed> {
        let mut bytes = if self.rest.is_empty() {
            piece
        } else {
            self.rest.extend_from_slice(&piece);
            self.rest.split().freeze()
        };
        if !self.has_header {
            if bytes.len() < HEADER_LENGTH {
                self.rest.extend_from_slice(&bytes);
                return Ok(());
            }
            if &bytes[..SIGNATURE.len()] != SIGNATURE {
                return Err(Malformed::Format("no signature"));
            }
            bytes.advance(HEADER_LENGTH);
            self.has_header = true;
        }
        while let Some(length) = row_length(&bytes)? {
            if length == END_LENGTH {
                self.has_ended = true;
                return Ok(());
            }
            let row = bytes.split_to(length);
            self.row(row, batch)?;
        }
        self.rest.extend_from_slice(&bytes);
        Ok(())
    }

    /// Checks that the stream came to its end.
    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.has_ended { Ok(()) } else { Err(Malformed::Format("it ended early")) }
    }

    fn row(&mut self, mut row: Bytes, batch: &mut CellBatch) -> Result<(), Malformed> {
        row.advance(2);
        let chip = text(&mut row)?;
        let hour = required(int(&mut row)?)?;
        let from = required(int(&mut row)?)?;
        let movements = required(int(&mut row)?)?;
        let Some(chip) = chip else {
            self.without_chip += movements;
            return Ok(());
        };
        if self.named.is_some_and(|named| !named.contains(&*chip)) {
            return Ok(());
        }
        if std::str::from_utf8(&chip).is_err() {
            return Err(Malformed::NoText);
        }
        batch.chip_id.push(chip);
        batch.hour.push(hour + POSTGRES_EPOCH_US);
        batch.from.push(from + POSTGRES_EPOCH_US);
        batch.movements.push(movements);
        batch.errors.push(required(int(&mut row)?)?);
        batch.anomalies.push(required(int(&mut row)?)?);
        batch.response_count.push(required(int(&mut row)?)?);
        batch.response_sum.push(required(float(&mut row)?)?);
        batch.response_squares.push(float(&mut row)?);
        batch.battery_count.push(required(int(&mut row)?)?);
        batch.battery_sum.push(required(float(&mut row)?)?);
        batch.battery_squares.push(float(&mut row)?);
        batch.battery_min.push(float(&mut row)?);
        batch.battery_last_at.push(int(&mut row)?.map(|at| at + POSTGRES_EPOCH_US));
        batch.battery_last.push(float(&mut row)?);
        Ok(())
    }
}

/// The length of the end of the stream: a column count of -1 alone.
const END_LENGTH: usize = 2;

/// The length of the row that `bytes` begins with; `None` until all of it has arrived.
fn row_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(head) = bytes.first_chunk::<2>() else { return Ok(None) };
    match i16::from_be_bytes(*head) {
        -1 => return Ok(Some(END_LENGTH)),
        COLUMNS => {}
        _ => return Err(Malformed::Format("unexpected number of columns")),
    }
    let mut at = 2;
    for _ in 0..COLUMNS {
        let Some(length) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) else { return Ok(None) };
        at += 4 + usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
    }
    Ok((at <= bytes.len()).then_some(at))
}

fn field(row: &mut Bytes) -> Result<Option<Bytes>, Malformed> {
    let length = row.try_get_i32().map_err(|_| Malformed::Format("a short row"))?;
    match usize::try_from(length) {
        Err(_) => Ok(None),
        Ok(length) if length <= row.len() => Ok(Some(row.split_to(length))),
        Ok(_) => Err(Malformed::Format("a short row")),
    }
}

fn text(row: &mut Bytes) -> Result<Option<Bytes>, Malformed> {
    field(row)
}

fn int(row: &mut Bytes) -> Result<Option<i64>, Malformed> {
    let Some(value) = field(row)? else { return Ok(None) };
    let value: [u8; 8] = value.as_ref().try_into().map_err(|_| Malformed::Format("not eight bytes"))?;
    Ok(Some(i64::from_be_bytes(value)))
}

fn float(row: &mut Bytes) -> Result<Option<f64>, Malformed> {
    Ok(int(row)?.map(|bits| f64::from_bits(bits.cast_unsigned())))
}

fn required<T>(value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed::Format("unexpected null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0; 8]);
        for chip in ["CHIP-1", "Чип"] {
            bytes.extend(COLUMNS.to_be_bytes());
            bytes.extend(i32::try_from(chip.len()).unwrap().to_be_bytes());
            bytes.extend(chip.as_bytes());
            for value in 1..=11_i64 {
                bytes.extend(8_i32.to_be_bytes());
                bytes.extend(value.to_be_bytes());
            }
            for _ in 0..3 {
                bytes.extend((-1_i32).to_be_bytes());
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    #[test]
    fn pieces_of_any_size_give_the_same_cells() {
        let stream = stream();
        let whole = decode(&stream, stream.len());
        assert_eq!(whole.len(), 2);
        assert_eq!(whole.chip_id[1], "Чип");
        assert_eq!((whole.hour[0], whole.from[0]), (POSTGRES_EPOCH_US + 1, POSTGRES_EPOCH_US + 2));
        for size in 1..stream.len() {
            assert_eq!(decode(&stream, size), whole, "pieces of {size}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told_unless_nobody_wants_them() {
        let mut stream = stream();
        let at = stream.windows(4).position(|bytes| bytes == b"CHIP").unwrap();
        stream[at] = 0xff;
        let feed = |named: Option<&HashSet<&[u8]>>| {
            Decoder::new(named).feed(Bytes::copy_from_slice(&stream), &mut CellBatch::default())
        };
        assert!(matches!(feed(None), Err(Malformed::NoText)));
        assert!(feed(Some(&HashSet::from(["Чип".as_bytes()]))).is_ok());
    }

    #[test]
    fn a_stream_that_was_cut_is_refused() {
        let mut decoder = Decoder::default();
        let stream = stream();
        decoder.feed(Bytes::copy_from_slice(&stream[..stream.len() - 2]), &mut CellBatch::default()).unwrap();
        assert!(decoder.finish().is_err());
    }

    fn decode(stream: &[u8], size: usize) -> CellBatch {
        let (mut decoder, mut batch) = (Decoder::default(), CellBatch::default());
        for piece in stream.chunks(size) {
            decoder.feed(Bytes::copy_from_slice(piece), &mut batch).unwrap();
        }
        decoder.finish().unwrap();
        batch
    }
}
