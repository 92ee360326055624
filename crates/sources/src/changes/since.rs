//! Finds the rows that arrived since a baseline, as cells; as whole hours if there are too many.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;

use bionicpro_model::Result;
use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::baseline::Baseline;
use super::detect::Finder;
use super::xids::{Xids, list};
use crate::connect::Session;
use crate::ident::instant_literal;
use crate::telemetry::Unreadable;
use crate::template::fill;

/// Above this many cells their hours are read whole: memory must not grow with a year's burst of late rows.
const MOST_CELLS: usize = 250_000;

/// The rows that arrived since a baseline.
#[derive(Debug, Clone)]
pub enum Since {
    /// No row.
    Nothing,
    /// These rows.
    New(NewRows),
    /// Unknown, for this reason: only a full run sees everything.
    Lost(String),
}

/// New rows: their number, and the cells that they make dirty.
#[derive(Debug, Clone, Default)]
pub struct NewRows {
    /// The number of new rows that a cell can hold.
    pub rows: u64,
    /// The number of hours with new rows.
    pub hours: u64,
    pub(crate) chips: Vec<Box<str>>,
    /// (hour since 1970, index in `chips`), unless there are too many.
    pub(crate) cells: Vec<(i64, u32)>,
    /// Hours to read whole, instead of cells.
    pub(crate) whole: BTreeSet<i64>,
    /// Cells of new rows that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

impl NewRows {
    /// The cells with new rows, by the beginning of the hour and the chip; without those of
    /// [`NewRows::whole_hours`].
    pub fn cells(&self) -> impl Iterator<Item = (DateTime<Utc>, &str)> {
        self.cells
            .iter()
            .filter_map(|(hour, chip)| Some((instant(*hour)?, &**self.chips.get(*chip as usize)?)))
    }

    /// The chips with new rows; `None` if there are more than `most`, or hours to read whole.
    pub fn chips(&self, most: usize) -> Option<Vec<&str>> {
        (self.whole.is_empty() && self.chips.len() <= most)
            .then(|| self.chips.iter().map(|chip| &**chip).collect())
    }

    /// The hours with new rows from an instant on, counted from 1970.
    pub fn hours_from(&self, at: DateTime<Utc>) -> BTreeSet<i64> {
        let first = at.timestamp().div_euclid(3600);
        let hours = self.cells.iter().map(|(hour, _)| *hour).chain(self.whole.iter().copied());
        hours.filter(|hour| *hour >= first).collect()
    }

    /// Adds all rows of some more hours, counted from 1970.
    #[must_use]
    pub fn and_hours(mut self, hours: impl IntoIterator<Item = i64>) -> NewRows {
        self.whole.extend(hours);
        let all = self.cells.iter().map(|(hour, _)| *hour).chain(self.whole.iter().copied());
        self.hours = all.collect::<BTreeSet<i64>>().len() as u64;
        self
    }

    /// The hours that may have new rows of any chip: there are too many rows to list their chips.
    pub fn whole_hours(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.whole.iter().copied().filter_map(instant)
    }
}

fn instant(hour: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(hour * 3600, 0)
}

/// The table that is searched.
pub(crate) struct Target<'a> {
    /// The quoted name.
    pub(crate) table: &'a str,
    pub(crate) time_has_zone: bool,
    /// True if chips are compared by their bytes, whatever their collation treats as equal.
    pub(crate) by_bytes: bool,
}

impl Since {
    /// Adds all rows of some hours, counted from 1970.
    pub(crate) fn and_hours(self, hours: BTreeSet<i64>) -> Since {
        if hours.is_empty() {
            return self;
        }
        match self {
            Since::Nothing => Since::New(NewRows::default().and_hours(hours)),
            Since::New(new) => Since::New(new.and_hours(hours)),
            Since::Lost(why) => Since::Lost(why),
        }
    }
}

/// Looks for new rows under the session's snapshot.
pub(crate) async fn find(
    session: &Session,
    finder: &Finder,
    baseline: &Baseline,
    target: &Target<'_>,
) -> Result<Since> {
    let Some(sql) = query(finder, baseline, target) else { return Ok(Since::Lost(UNTOLD.to_owned())) };
    let before = prefer_index(finder);
    let ((), new, ()) = tokio::try_join!(
        biased;
        session.execute(&before),
        read(session, &sql),
        session.execute(AS_BEFORE)
    )?;
    tracing::debug!(form = %finder.form(), rows = new.rows, hours = new.hours, cells = new.cells.len(), "new rows");
    Ok(if new.rows == 0 { Since::Nothing } else { Since::New(new) })
}

/// The same if a chip cannot be read: chips are read as the bytes that the database holds.
pub(crate) async fn find_raw(
    session: &Session,
    finder: &Finder,
    baseline: &Baseline,
    target: &Target<'_>,
) -> Result<Since> {
    let Some(sql) =
        filled(include_str!("since_raw.sql"), &session.raw_text("n.chip"), finder, baseline, target)
    else {
        return Ok(Since::Lost(UNTOLD.to_owned()));
    };
    let fail = |error| session.place.error(error);
    let (mut gathered, mut unreadable) = (Gathered::default(), Vec::new());
    session.execute(&prefer_index(finder)).await?;
    for row in session.rows(&sql, &[]).await? {
        let raw: Vec<u8> = row.try_get(0).map_err(fail)?;
        let hour: i64 = row.try_get(1).map_err(fail)?;
        let rows: i64 = row.try_get(2).map_err(fail)?;
        match session.decode(&raw).await? {
            Some(chip) => gathered.add(&chip, hour, rows.unsigned_abs()),
            None => {
                let why = "the name of the chip is not valid text in the database's encoding".to_owned();
                unreadable.push(Unreadable { raw, chip: None, hour, rows: rows.unsigned_abs(), why });
            }
        }
    }
    session.execute(AS_BEFORE).await?;
    let mut new = gathered.finish();
    new.unreadable = unreadable;
    Ok(if new.rows == 0 && new.unreadable.is_empty() { Since::Nothing } else { Since::New(new) })
}

const UNTOLD: &str = "the source does not show which rows are new";

const AS_BEFORE: &str = "SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on";

/// The form was chosen for its index; missing or old statistics must not rule that out. Nor must they make
/// the server sort: it underestimates the number of rows, and sorting texts costs more than reading them.
fn prefer_index(finder: &Finder) -> String {
    let seqscan = if *finder == Finder::RowXmin { "on" } else { "off" };
    format!("SET LOCAL enable_seqscan = {seqscan}; SET LOCAL enable_sort = off")
}

async fn read(session: &Session, sql: &str) -> Result<NewRows> {
    let fail = |error| session.place.error(error);
    let mut stream = pin!(session.stream(sql).await?);
    let mut gathered = Gathered::default();
    while let Some(row) = stream.try_next().await.map_err(fail)? {
        let chip: &str = row.try_get(0).map_err(fail)?;
        let hour: i64 = row.try_get(1).map_err(fail)?;
        let rows: i64 = row.try_get(2).map_err(fail)?;
        gathered.add(chip, hour, rows.unsigned_abs());
    }
    Ok(gathered.finish())
}

/// The statement; `None` if the form finds nothing or the baseline has no snapshot.
pub(crate) fn query(finder: &Finder, baseline: &Baseline, target: &Target<'_>) -> Option<String> {
    filled(include_str!("since.sql"), "", finder, baseline, target)
}

fn filled(
    file: &str,
    raw: &str,
    finder: &Finder,
    baseline: &Baseline,
    target: &Target<'_>,
) -> Option<String> {
    let xids: Xids = baseline.snapshot.parse().ok()?;
    let chip = if target.by_bytes { "t.\"chip_id\" COLLATE \"C\"" } else { "t.\"chip_id\"" };
    let select = format!("SELECT {chip}, t.\"event_time\" FROM {} AS t WHERE", target.table);
    // By age, because 32-bit numbers wrap around. A row that is older than their range may look young: it is
    // read again.
    let is_unseen = format!("age(t.xmin) BETWEEN 0 AND age('{}'::xid)", xids.xmin_in_row());
    let rows = match finder {
        Finder::TransactionColumn(column) => {
            let after = format!("{select} t.{column} >= '{}'::xid8", xids.xmax);
            match xids.xip.as_slice() {
                [] => after,
                // Two queries, so that each one is a single index lookup.
                open => format!("{after} UNION ALL {select} t.{column} = ANY ('{{{}}}'::xid8[])", list(open)),
            }
        }
        Finder::CreationTime { column, with_zone, tolerance } => {
            let from = instant_literal(baseline.horizon - *tolerance, *with_zone);
            format!("{select} t.{column} >= {from} AND {is_unseen}")
        }
        Finder::RowXmin => format!("{select} {is_unseen}"),
        Finder::None => return None,
    };
    let first = instant_literal(FIRST_HOUR, target.time_has_zone);
    let end = instant_literal(END_OF_HOURS, target.time_has_zone);
    Some(fill(file, &[("raw", raw), ("rows", &rows), ("first", &first), ("end", &end)]))
}

/// A collector of new rows into cells.
#[derive(Default)]
struct Gathered {
    numbers: HashMap<Box<str>, u32>,
    new: NewRows,
}

impl Gathered {
    fn add(&mut self, chip: &str, hour: i64, rows: u64) {
        self.new.rows += rows;
        if !self.new.whole.is_empty() {
            self.new.whole.insert(hour);
            return;
        }
        let number = match self.numbers.get(chip) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.new.chips.len()).unwrap_or(u32::MAX);
                self.new.chips.push(chip.into());
                self.numbers.insert(chip.into(), number);
                number
            }
        };
        self.new.cells.push((hour, number));
        if self.new.cells.len() > MOST_CELLS {
            self.new.whole = self.new.cells.drain(..).map(|(hour, _)| hour).collect();
            (self.new.cells, self.new.chips, self.numbers) = Default::default();
        }
    }

    fn finish(mut self) -> NewRows {
        let hours: BTreeSet<i64> = self.new.cells.iter().map(|(hour, _)| *hour).collect();
        self.new.hours = hours.len().max(self.new.whole.len()) as u64;
        self.new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_becomes_whole_hours_and_keeps_no_cell() {
        let mut gathered = Gathered::default();
        let cells = i64::try_from(MOST_CELLS).unwrap() + 10;
        for cell in 0..cells {
            gathered.add("CHIP-1", cell % 100_000, 2);
        }
        let new = gathered.finish();
        assert_eq!((new.rows, new.hours), (2 * cells.unsigned_abs(), 100_000));
        assert!(new.cells.is_empty() && new.cells.capacity() == 0 && new.chips.is_empty());
    }

    #[test]
    fn a_few_cells_stay_cells() {
        let mut gathered = Gathered::default();
        for (chip, hour) in [("A", 1), ("B", 1), ("A", 2)] {
            gathered.add(chip, hour, 1);
        }
        let new = gathered.finish();
        assert_eq!((new.rows, new.hours, new.cells.len(), new.chips.len()), (3, 2, 3, 2));
    }
}
