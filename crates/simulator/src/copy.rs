//! Rows in PostgreSQL's binary COPY format, encoded by hand.
//!
//! A general encoder looks up each value's type for each row. Here the columns are known, and encoding is
//! half the work of creating a row. The format: <https://www.postgresql.org/docs/current/sql-copy.html>,
//! "Binary Format".

use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// The beginning of PostgreSQL's timestamps, 2000-01-01, in microseconds since 1970; `EPOCH_DAYS` in days.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;

/// A buffer of rows.
#[derive(Debug, Default)]
pub(crate) struct Rows(BytesMut);

impl Rows {
    /// A buffer that begins with the header of a COPY.
    pub(crate) fn with_header() -> Self {
        let mut rows = Rows(BytesMut::with_capacity(256 * 1024));
        rows.0.put_slice(b"PGCOPY\n\xff\r\n\0");
        // No flags, no header extension.
        rows.0.put_i64(0);
        rows
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the rows encoded so far and empties the buffer.
    pub(crate) fn take(&mut self) -> Bytes {
        self.0.split().freeze()
    }

    /// Ends the COPY.
    pub(crate) fn end(&mut self) {
        self.0.put_i16(-1);
    }

    pub(crate) fn begin_row(&mut self, columns: i16) {
        // Enough for most rows in one allocation.
        self.0.reserve(192);
        self.0.put_i16(columns);
    }

    pub(crate) fn null(&mut self) {
        self.0.put_i32(-1);
    }

    pub(crate) fn int4(&mut self, value: i32) {
        self.0.put_i32(4);
        self.0.put_i32(value);
    }

    pub(crate) fn int8(&mut self, value: i64) {
        self.0.put_i32(8);
        self.0.put_i64(value);
    }

    pub(crate) fn float4(&mut self, value: f32) {
        self.0.put_i32(4);
        self.0.put_f32(value);
    }

    pub(crate) fn float8(&mut self, value: f64) {
        self.0.put_i32(8);
        self.0.put_f64(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.0.put_i32(length(value.len()));
        self.0.put_slice(value.as_bytes());
    }

    /// Adds JSON text as a `jsonb` value.
    pub(crate) fn jsonb(&mut self, value: &[u8]) {
        self.0.put_i32(length(value.len() + 1));
        // The version of the binary format of `jsonb`.
        self.0.put_u8(1);
        self.0.put_slice(value);
    }

    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.0.put_i32(16);
        self.0.put_slice(value.as_bytes());
    }

    /// Adds a timestamp without time zone, given in microseconds since 1970.
    pub(crate) fn timestamp_micros(&mut self, micros: i64) {
        self.int8(micros - EPOCH_MICROS);
    }

    pub(crate) fn timestamp(&mut self, value: DateTime<Utc>) {
        self.timestamp_micros(value.timestamp_micros());
    }

    pub(crate) fn date(&mut self, value: NaiveDate) {
        self.int4(value.to_epoch_days() - EPOCH_DAYS);
    }

    pub(crate) fn optional<T>(&mut self, value: Option<T>, encode: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => encode(self, value),
            None => self.null(),
        }
    }
}

fn length(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}
