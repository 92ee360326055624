//! Builds rows of the mart from cells and their owners, and the totals that the mart must return afterwards.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::rc::Rc;

use bionicpro_model::{DayTotals, Result};
use bionicpro_sources::CellBatch;
use chrono::{DateTime, NaiveDate};
use parquet::data_type::ByteArray;

use super::cell::Cell;
use super::directory::{Directory, Owner};
use crate::files::crm::uuid_bytes;
use crate::files::mart::MartTable;
use crate::owners::Holding;

const DAY_US: i64 = 86_400_000_000;

/// The counts of a join.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    /// Rows of the file, tombstones included.
    pub(crate) rows: u64,
    pub(crate) tombstones: u64,
    pub(crate) movements: u64,
    pub(crate) orphan_chips: u64,
    pub(crate) orphan_cells: u64,
    pub(crate) orphan_movements: u64,
    pub(crate) days: Vec<DayTotals>,
}

/// Joins batches of cells into a file of mart rows.
pub(crate) struct Joiner<'a, W: Write + Send> {
    directory: &'a Directory,
    table: MartTable<W>,
    /// Sums of the cells of prostheses with several ownership intervals, until all cells have been seen.
    shared: BTreeMap<(Holding, i64), (Rc<Owner>, Cell)>,
    /// Rows of former owners that may need a tombstone, and those of them that stay.
    losing: BTreeSet<(Holding, i64)>,
    staying: HashSet<(Holding, i64)>,
    orphans: HashSet<Vec<u8>>,
    days: BTreeMap<i32, DayTotals>,
    counts: Joined,
}

impl<'a, W: Write + Send> Joiner<'a, W> {
    pub(crate) fn new(directory: &'a Directory, table: MartTable<W>) -> Self {
        Joiner {
            directory,
            table,
            shared: BTreeMap::new(),
            losing: BTreeSet::new(),
            staying: HashSet::new(),
            orphans: HashSet::new(),
            days: BTreeMap::new(),
            counts: Joined::default(),
        }
    }

    /// Joins a batch.
    pub(crate) fn add(&mut self, batch: &CellBatch) -> Result<()> {
        for at in 0..batch.len() {
            let cell = Cell::at(batch, at);
            let former = self.directory.former(&cell.chip_id, cell.hour);
            self.losing.extend(former.map(|holding| (holding, cell.hour)));
            let Some(owner) = self.directory.owner(&cell.chip_id, cell.from) else {
                self.counts.orphan_cells += 1;
                self.counts.orphan_movements += cell.movements.unsigned_abs();
                if !self.orphans.contains(cell.chip_id.as_ref()) {
                    self.orphans.insert(cell.chip_id.to_vec());
                }
                continue;
            };
            if !owner.has_several_intervals {
                self.row(owner, &cell)?;
                continue;
            }
            let key = (owner.holding, cell.hour);
            match self.shared.get_mut(&key) {
                Some((_, sum)) => sum.add(cell),
                None => drop(self.shared.insert(key, (owner.clone(), cell))),
            }
        }
        Ok(())
    }

    /// Writes the rows that were held back and the tombstones, and ends the file.
    pub(crate) fn finish(mut self) -> Result<Joined> {
        for (owner, cell) in std::mem::take(&mut self.shared).into_values() {
            self.row(&owner, &cell)?;
        }
        for (holding, hour) in std::mem::take(&mut self.losing) {
            if !self.staying.contains(&(holding, hour)) {
                let (user, prosthesis) = (uuid_bytes(holding.user_id), uuid_bytes(holding.prosthesis_id));
                self.day(date(hour));
                self.table.tombstone(user, prosthesis, date(hour), hour)?;
                self.counts.tombstones += 1;
            }
        }
        self.counts.rows = self.table.finish()?;
        self.counts.orphan_chips = self.orphans.len() as u64;
        self.counts.days = self.days.into_values().collect();
        Ok(self.counts)
    }

    fn row(&mut self, owner: &Owner, cell: &Cell) -> Result<()> {
        let movements = cell.count(cell.movements)?;
        let errors = cell.count(cell.errors)?;
        let anomalies = cell.count(cell.anomalies)?;
        let responses = cell.count(cell.response_count)?;
        let levels = cell.count(cell.battery_count)?;
        let date = date(cell.hour);
        if owner.may_lose_rows {
            self.staying.insert((owner.holding, cell.hour));
        }

        let rows = &mut self.table.batch;
        rows.user_id.push(owner.user_id.clone());
        rows.ldap_username.push(owner.ldap_username.clone());
        rows.prosthesis_id.push(owner.prosthesis_id.clone());
        rows.chip_id.push(ByteArray::from(cell.chip_id.clone()));
        rows.date.push(date);
        rows.hour.push(cell.hour);
        rows.movements_count.push(movements.cast_signed());
        rows.avg_response_time
            .push((responses > 0).then(|| single(cell.response_sum / f64::from(responses))));
        rows.avg_battery_level.push((levels > 0).then(|| single(cell.battery_sum / f64::from(levels))));
        rows.error_count.push(errors.cast_signed());
        rows.error_rate.push(single(f64::from(errors) / f64::from(movements)));
        rows.customer_name.push(owner.customer_name.clone());
        rows.customer_email.push(owner.customer_email.clone());
        rows.prosthesis_model.push(owner.prosthesis_model.clone());
        rows.response_count.push(responses.cast_signed());
        rows.response_sum.push(cell.response_sum);
        rows.response_squares.push(cell.response_squares);
        rows.battery_count.push(levels.cast_signed());
        rows.battery_sum.push(cell.battery_sum);
        rows.battery_squares.push(cell.battery_squares);
        let battery_min = cell.battery_min.map(single);
        let battery_last = cell.battery_last.map(|(_, level)| single(level));
        rows.battery_min.push(battery_min);
        rows.battery_last.push(battery_last);
        rows.anomaly_count.push(anomalies.cast_signed());
        rows.is_deleted.push(0);

        self.counts.movements += u64::from(movements);
        let day = self.day(date);
        day.cells += 1;
        day.movements += u64::from(movements);
        day.errors += u64::from(errors);
        day.anomalies += u64::from(anomalies);
        day.response_count += u64::from(responses);
        day.battery_count += u64::from(levels);
        day.response_sum_bits = day.response_sum_bits.wrapping_add(cell.response_sum.to_bits());
        day.battery_sum_bits = day.battery_sum_bits.wrapping_add(cell.battery_sum.to_bits());
        day.response_squares_bits = day.response_squares_bits.wrapping_add(bits(cell.response_squares));
        day.battery_squares_bits = day.battery_squares_bits.wrapping_add(bits(cell.battery_squares));
        day.battery_min_bits += battery_min.map_or(0, |level| u64::from(level.to_bits()));
        day.battery_last_bits += battery_last.map_or(0, |level| u64::from(level.to_bits()));
        self.table.flush_when_full()
    }

    /// Returns the totals of a day. A day with only tombstones has an entry too.
    fn day(&mut self, date: i32) -> &mut DayTotals {
        self.days.entry(date).or_insert_with(|| DayTotals { date: day(date), ..DayTotals::default() })
    }
}

/// Returns the hour's date in days since 1970.
fn date(hour: i64) -> i32 {
    i32::try_from(hour.div_euclid(DAY_US)).unwrap_or(i32::MAX)
}

/// Returns the bits of a sum, 0 if it is unknown.
fn bits(sum: Option<f64>) -> u64 {
    sum.map_or(0, f64::to_bits)
}

/// Returns the nearest number in the mart's 32 bits; a finite number stays finite.
fn single(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the mart's column is of single precision")]
    let nearest = value as f32;
    if nearest.is_infinite() { f32::MAX.copysign(nearest) } else { nearest }
}

fn day(days_since_1970: i32) -> NaiveDate {
    let seconds = i64::from(days_since_1970) * 86_400;
    DateTime::from_timestamp(seconds, 0).map(|at| at.date_naive()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bionicpro_model::Kind;
    use bytes::Bytes;

    use super::*;
    use bionicpro_warehouse::owners::Ownership;
    use uuid::Uuid;

    use crate::files::crm::CrmRow;
    use crate::files::owners::Owners;
    use crate::owners::Was;

    const HOUR: i64 = 1_705_305_600_000_000;
    const ANNA: Uuid = Uuid::from_u128(1);
    const IVAN: Uuid = Uuid::from_u128(2);

    fn person(user_id: Uuid) -> CrmRow {
        CrmRow {
            user_id,
            ldap_username: String::new(),
            customer_name: String::new(),
            customer_email: String::new(),
            prosthesis_id: Some(user_id),
            chip_id: None,
            serial_number: None,
            prosthesis_model: None,
            manufactured_on: None,
            warranty_until: None,
        }
    }

    /// An interval of one chip, in minutes after the hour.
    fn interval(user_id: Uuid, from: i64, to: Option<i64>) -> (Ownership, bool) {
        let interval = Ownership {
            chip_id: "CHIP-1".into(),
            valid_from: minute(from),
            valid_to: to.map(minute),
            user_id,
            prosthesis_id: user_id,
            prosthesis_model: String::new(),
            updated_at: None,
        };
        (interval, true)
    }

    fn minute(minute: i64) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(HOUR + minute * 60_000_000).unwrap()
    }

    fn directory() -> Directory {
        let owners = Owners { intervals: vec![interval(ANNA, -600, None)], ..Owners::default() };
        Directory::new(&[person(ANNA)], &owners).unwrap()
    }

    fn batch(movements: i64) -> CellBatch {
        CellBatch {
            chip_id: vec![Bytes::from_static(b"CHIP-1")],
            hour: vec![HOUR],
            from: vec![HOUR],
            movements: vec![movements],
            errors: vec![0],
            anomalies: vec![0],
            response_count: vec![0],
            response_sum: vec![0.0],
            response_squares: vec![Some(0.0)],
            battery_count: vec![0],
            battery_sum: vec![0.0],
            battery_squares: vec![Some(0.0)],
            battery_min: vec![None],
            battery_last_at: vec![None],
            battery_last: vec![None],
        }
    }

    fn join(movements: i64) -> Result<Joined> {
        let directory = directory();
        let mut joiner = Joiner::new(&directory, MartTable::new(Vec::new(), 1, 0)?);
        joiner.add(&batch(movements))?;
        joiner.finish()
    }

    #[test]
    fn a_cell_with_more_rows_than_fit_32_bits_is_named() {
        let most = i64::from(u32::MAX);
        assert_eq!(join(most).unwrap().movements, u64::from(u32::MAX));
        let error = join(most + 1).unwrap_err();
        assert_eq!(error.kind(), Kind::Data);
        assert!(error.to_string().contains("\"CHIP-1\" at 2024-01-15T08:00Z: 4294967296 rows"), "{error}");
    }

    #[test]
    fn a_cut_cell_counts_for_each_owner_and_a_former_one_who_keeps_none_of_it_gets_a_tombstone() {
        let was = |from, to| {
            let holding = Holding { user_id: ANNA, prosthesis_id: ANNA };
            Was { chip_id: "CHIP-1".into(), from: minute(from), to: minute(to), holding }
        };
        let part =
            |minute: i64, movements| CellBatch { from: vec![HOUR + minute * 60_000_000], ..batch(movements) };
        let joined = |intervals, was, parts: &[CellBatch]| {
            let owners = Owners { intervals, was, ..Owners::default() };
            let directory = Directory::new(&[person(ANNA), person(IVAN)], &owners).unwrap();
            let mut joiner = Joiner::new(&directory, MartTable::new(Vec::new(), 1, 0).unwrap());
            parts.iter().for_each(|part| joiner.add(part).unwrap());
            let joined = joiner.finish().unwrap();
            (joined.rows, joined.tombstones, joined.days[0].cells, joined.movements)
        };
        // Anna, then Ivan, then Anna again: her two parts are one row, and it stays.
        let thrice =
            vec![interval(ANNA, -600, Some(10)), interval(IVAN, 10, Some(30)), interval(ANNA, 30, None)];
        let parts = [part(0, 2), part(10, 3), part(30, 4)];
        assert_eq!(joined(thrice, vec![was(10, 30)], &parts), (2, 0, 2, 9));
        let moved = vec![interval(IVAN, -600, None)];
        assert_eq!(joined(moved, vec![was(-600, 30)], &[part(0, 9)]), (2, 1, 1, 9));
    }

    #[test]
    fn extractions_that_saw_different_customers_do_not_belong_together() {
        let owners = Owners { intervals: vec![interval(ANNA, 0, None)], ..Owners::default() };
        assert_eq!(Directory::new(&[person(IVAN)], &owners).err().unwrap().kind(), Kind::Data);
        let mut gone = owners;
        gone.intervals[0].1 = false;
        assert_eq!(Directory::new(&[person(ANNA)], &gone).err().unwrap().kind(), Kind::Data);
        assert!(Directory::new(&[person(IVAN)], &gone).is_ok());
    }

    #[test]
    fn a_finite_number_stays_finite_in_single_precision() {
        assert_eq!((single(1e300), single(-1e300), single(0.1)), (f32::MAX, f32::MIN, 0.1));
    }
}
