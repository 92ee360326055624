//! Finds the cells that the server cannot return: a chip with bytes of another encoding, a sum that
//! overflows, a value that a view cannot cast. One of them makes a whole query fail; the others must still be
//! read.
//!
//! Runs only after a query has failed: the query is repeated for each half of its cells, until single cells
//! are left. Their rows are counted and reported, and never guessed.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::pin::pin;

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use tokio_postgres::types::Type;

use super::Telemetry;
use super::batch::CellBatch;
use super::cell_request::CellRequest;
use super::copy::{Decoder, Malformed};
use super::plan::{HOUR_US, Interval, Plan};
use super::query_tasks::{self, QueryTask, Sorted};
use super::read::malformed;
use super::slices::Slicing;
use crate::connect::Session;
use crate::error::is_value_error;

/// A cell that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The chip as the database holds it, in its encoding.
    pub(crate) raw: Vec<u8>,
    /// The chip, if it is valid text.
    pub(crate) chip: Option<String>,
    /// The hour, counted from 1970.
    pub hour: i64,
    /// The number of its rows.
    pub rows: u64,
    /// The server's message, shortened.
    pub why: String,
}

impl Unreadable {
    /// Returns whether both are the same cell.
    pub fn is_same(&self, other: &Unreadable) -> bool {
        self.hour == other.hour && self.raw == other.raw
    }

    /// The beginning of the hour.
    pub fn begins(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.hour * 3600, 0).unwrap_or_default()
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chip: String = self.raw.escape_ascii().take(64).map(char::from).collect();
        let chip = self.chip.clone().unwrap_or(chip);
        let (hour, rows) = (self.begins().format("%Y-%m-%dT%H:%MZ"), self.rows);
        write!(f, "chip \"{chip}\" at {hour}: {rows} rows, {}", self.why)
    }
}

/// The maximum number of unreadable cells or values that are left out; more of them are not exceptions.
pub(crate) const MOST_UNREADABLE: usize = 1000;

/// The cells that a read leaves out because they cannot be read.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    /// These cells.
    pub cells: Vec<Unreadable>,
    /// Chips whose names the database's encoding cannot represent: it cannot hold a row of them.
    pub(crate) unknown: HashSet<String>,
}

impl LeftOut {
    /// Adds a cell.
    ///
    /// # Errors
    /// `Data` when there are more than a person can correct: the search needs several queries for each.
    fn add(&mut self, cell: Unreadable, session: &Session) -> Result<()> {
        if self.cells.len() == MOST_UNREADABLE {
            return Err(session
                .place
                .unreadable(&format!("more than {MOST_UNREADABLE} cells, among them {cell}")));
        }
        self.cells.push(cell);
        Ok(())
    }

    /// The chips of cells that are left out, by hour in microseconds since 1970, between two instants.
    pub(super) fn raw_by_hour(&self, (from, to): (i64, i64)) -> BTreeMap<i64, Vec<&[u8]>> {
        let mut hours: BTreeMap<i64, Vec<&[u8]>> = BTreeMap::new();
        for cell in self.cells.iter().filter(|cell| (from..to).contains(&(cell.hour * HOUR_US))) {
            hours.entry(cell.hour * HOUR_US).or_default().push(&cell.raw);
        }
        hours
    }

    /// The hours of a chip that are left out, as spans of microseconds.
    pub(super) fn spans_of(&self, chip: &str) -> Vec<(i64, i64)> {
        let of_chip = self.cells.iter().filter(|cell| cell.chip.as_deref() == Some(chip));
        let mut spans: Vec<_> =
            of_chip.map(|cell| (cell.hour * HOUR_US, (cell.hour + 1) * HOUR_US)).collect();
        spans.sort_unstable();
        spans.dedup();
        spans
    }
}

impl Telemetry {
    /// Finds the requested cells that cannot be read, after [`Telemetry::cells`] has failed with
    /// [`Condition::ValueUnreadable`](bionicpro_model::Condition::ValueUnreadable).
    ///
    /// # Errors
    /// Any error of the connection, and the server's own if the cell cannot be identified.
    pub async fn unreadable(&self, wanted: &CellRequest) -> Result<LeftOut> {
        self.session.recover().await?;
        let mut search = Search { telemetry: self, left_out: wanted.left_out.clone().unwrap_or_default() };
        let mut plan = Plan::new(wanted, &std::collections::BTreeSet::new(), false);
        let sorted = Sorted::new(std::mem::take(&mut plan.intervals));
        for work in query_tasks::list(self, &plan, &sorted, Slicing::ByHour) {
            search.work(&plan, &work).await?;
        }
        Ok(search.left_out)
    }
}

struct Search<'a> {
    telemetry: &'a Telemetry,
    left_out: LeftOut,
}

impl Search<'_> {
    async fn work(&mut self, plan: &Plan, work: &QueryTask<'_>) -> Result<()> {
        let Some(why) = self.fails(&self.telemetry.sql(plan, work, Some(&self.left_out))).await? else {
            return Ok(());
        };
        match *work {
            QueryTask::Hours((from, to)) if to - from > HOUR_US => {
                let middle = from + (to - from) / HOUR_US / 2 * HOUR_US;
                for half in [(from, middle), (middle, to)] {
                    Box::pin(self.work(plan, &QueryTask::Hours(half))).await?;
                }
                Ok(())
            }
            QueryTask::Hours((hour, _)) => self.hour(hour).await,
            QueryTask::Cells(intervals) | QueryTask::Spans(intervals) => {
                self.intervals(plan, intervals, &why).await
            }
        }
    }

    /// Searches the chips of an hour: by halves, down to one chip.
    async fn hour(&mut self, hour: i64) -> Result<()> {
        let all = self.telemetry.raw_chips(hour).await?;
        let names: Vec<&[u8]> = all.iter().map(|(raw, _)| raw.as_slice()).collect();
        let Some(why) = self.fails(&self.telemetry.query.hour_of(hour, &names)).await? else {
            // The cause is in the statement, in a chip that is looked up separately, or in rows without a
            // chip.
            return Ok(());
        };
        let mut waiting = vec![(all, why)];
        while let Some((mut chips, why)) = waiting.pop() {
            if let [(raw, rows)] = chips.as_slice() {
                let session = &self.telemetry.session;
                let chip = session.decode(raw).await?;
                let cell = Unreadable { raw: raw.clone(), chip, hour: hour / HOUR_US, rows: *rows, why };
                self.left_out.add(cell, session)?;
                continue;
            }
            let half = chips.split_off(chips.len() / 2);
            for part in [chips, half] {
                let names: Vec<&[u8]> = part.iter().map(|(raw, _)| raw.as_slice()).collect();
                if let Some(why) = self.fails(&self.telemetry.query.hour_of(hour, &names)).await? {
                    waiting.push((part, why));
                }
            }
        }
        Ok(())
    }

    /// Searches some intervals: by halves, down to one hour of one chip.
    async fn intervals(&mut self, plan: &Plan, intervals: &[Interval], why: &str) -> Result<()> {
        let mut waiting = vec![(intervals.to_vec(), why.to_owned())];
        while let Some((mut part, why)) = waiting.pop() {
            let halves = match *part.as_slice() {
                [interval] if interval.is_one_cell() => {
                    self.cell(&plan.chips[interval.chip as usize], interval.from, why).await?;
                    continue;
                }
                [Interval { from, to, chip }] => {
                    let middle = (from + (to - from) / 2).div_euclid(HOUR_US) * HOUR_US;
                    let middle = if middle <= from { middle + HOUR_US } else { middle };
                    [vec![Interval { from, to: middle, chip }], vec![Interval { from: middle, to, chip }]]
                }
                _ => {
                    let half = part.split_off(part.len() / 2);
                    [part, half]
                }
            };
            for half in halves {
                let is_one_cell = half.iter().all(Interval::is_one_cell);
                let sql = self.telemetry.query.intervals(&half, &plan.chips, is_one_cell);
                if let Some(why) = self.fails(&sql).await? {
                    waiting.push((half, why));
                }
            }
        }
        Ok(())
    }

    async fn cell(&mut self, chip: &str, from: i64, why: String) -> Result<()> {
        let telemetry = self.telemetry;
        let Some(raw) = telemetry.session.encode(chip).await? else {
            self.left_out.unknown.insert(chip.to_owned());
            return Ok(());
        };
        let hour = from.div_euclid(HOUR_US);
        let is_known = |cell: &Unreadable| cell.hour == hour && cell.raw == raw;
        if !self.left_out.cells.iter().any(is_known) {
            let chips = telemetry.raw_chips(hour * HOUR_US).await?;
            let rows = chips.iter().find(|(known, _)| *known == raw).map_or(0, |(_, rows)| *rows);
            let cell = Unreadable { raw, chip: Some(chip.to_owned()), hour, rows, why };
            self.left_out.add(cell, &telemetry.session)?;
        }
        Ok(())
    }

    /// Runs a statement only for its error; returns what is wrong with a value, `None` if nothing is.
    async fn fails(&self, sql: &str) -> Result<Option<String>> {
        let session = &self.telemetry.session;
        let drained = async {
            let mut stream = pin!(session.client.copy_out(sql).await?);
            let (mut decoder, mut decoded) = (Decoder::new(None), Ok(()));
            while let Some(piece) = stream.try_next().await? {
                decoded = decoded.and_then(|()| decoder.feed(piece, &mut CellBatch::default()));
            }
            Ok::<_, tokio_postgres::Error>(decoded)
        };
        match drained.await {
            Ok(Ok(())) => Ok(None),
            Ok(Err(error @ Malformed::NoText)) => Ok(Some(error.to_string())),
            Ok(Err(error)) => Err(malformed(error, session)),
            Err(error) if is_value_error(&error) => {
                session.recover().await?;
                Ok(Some(in_short(&error)))
            }
            Err(error) => Err(session.place.error(error)),
        }
    }
}

/// The number of characters of a server's message that are kept: it may repeat a value of any length.
const WORDS: usize = 120;

/// The server's message about a value, without the parts that may be the value itself.
pub(crate) fn in_short(error: &tokio_postgres::Error) -> String {
    let Some(database) = error.as_db_error() else { return error.to_string() };
    let message = database.message();
    let short: String = message.chars().take(WORDS).collect();
    let more = if short.len() < message.len() { "…" } else { "" };
    format!("{short}{more} ({})", database.code().code())
}

impl Telemetry {
    /// The chips of an hour as the database holds them, with the number of their rows.
    async fn raw_chips(&self, hour: i64) -> Result<Vec<(Vec<u8>, u64)>> {
        let session = &self.session;
        let fail = |error| session.place.error(error);
        let sql = self.query.raw_chips(hour);
        let mut chips = Vec::new();
        for row in session.rows(&sql, &[]).await? {
            let rows: i64 = row.try_get(1).map_err(fail)?;
            chips.push((row.try_get(0).map_err(fail)?, rows.unsigned_abs()));
        }
        Ok(chips)
    }
}

impl Session {
    /// Returns whether the database accepts any bytes as text.
    fn has_no_encoding(&self) -> bool {
        self.encoding == "SQL_ASCII"
    }

    /// An expression for the bytes of a text as the database holds it. Between equal encodings, `convert_to`
    /// would check the text, and `textsend` does nothing.
    pub(crate) fn raw_text(&self, text: &str) -> String {
        match self.encoding.as_str() {
            "UTF8" => format!("textsend({text}::text)"),
            _ => format!("convert_to({text}::text, current_setting('server_encoding')::name)"),
        }
    }

    /// Decodes a text of the database from its bytes; `None` if they are not valid text.
    pub(crate) async fn decode(&self, raw: &[u8]) -> Result<Option<String>> {
        if raw.is_ascii() || self.has_no_encoding() || self.encoding == "UTF8" {
            return Ok(String::from_utf8(raw.to_vec()).ok());
        }
        let sql = "SELECT convert_from($1, current_setting('server_encoding')::name)";
        self.converted(sql, &raw, Type::BYTEA).await
    }

    /// Encodes a text as the database would hold it; `None` if its encoding lacks a letter of the text.
    async fn encode(&self, text: &str) -> Result<Option<Vec<u8>>> {
        if text.is_ascii() || self.has_no_encoding() || self.encoding == "UTF8" {
            return Ok(Some(text.as_bytes().to_vec()));
        }
        let sql = "SELECT convert($1, 'UTF8', current_setting('server_encoding')::name)";
        self.converted(sql, &text.as_bytes(), Type::BYTEA).await
    }

    async fn converted<T>(
        &self,
        sql: &str,
        value: &(dyn tokio_postgres::types::ToSql + Sync),
        of: Type,
    ) -> Result<Option<T>>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        match self.client.query_typed(sql, &[(value, of)]).await {
            Ok(rows) => {
                rows.first().map(|row| row.try_get(0)).transpose().map_err(|error| self.place.error(error))
            }
            Err(error) if is_value_error(&error) => {
                self.recover().await?;
                Ok(None)
            }
            Err(error) => Err(self.place.error(error)),
        }
    }
}
