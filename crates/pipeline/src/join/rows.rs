//! Makes rows of the mart out of cells and their owners, and the totals that the mart must answer afterwards.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::rc::Rc;

use bionicpro_model::{DayTotals, Result};
use bionicpro_sources::CellBatch;
use chrono::{DateTime, NaiveDate};
use parquet::data_type::ByteArray;
use uuid::Uuid;

use super::cell::Cell;
use super::directory::{Directory, Owner};
use crate::files::mart::MartTable;

const DAY_US: i64 = 86_400_000_000;

/// What a join counted.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    pub(crate) rows: u64,
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
    /// Cells of prostheses with several chips, until all have been seen.
    shared: BTreeMap<(Uuid, Uuid, i64), (Rc<Owner>, Cell)>,
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
            orphans: HashSet::new(),
            days: BTreeMap::new(),
            counts: Joined::default(),
        }
    }

    /// Joins a batch.
    pub(crate) fn add(&mut self, batch: &CellBatch) -> Result<()> {
        for at in 0..batch.len() {
            let cell = Cell::at(batch, at);
            let Some(owner) = self.directory.owner(&cell.chip_id, cell.hour) else {
                self.counts.orphan_cells += 1;
                self.counts.orphan_movements += cell.movements.unsigned_abs();
                if !self.orphans.contains(cell.chip_id.as_ref()) {
                    self.orphans.insert(cell.chip_id.to_vec());
                }
                continue;
            };
            if !owner.has_several_chips {
                self.row(owner, &cell)?;
                continue;
            }
            let key = (owner.user, owner.prosthesis, cell.hour);
            match self.shared.get_mut(&key) {
                Some((_, sum)) => sum.add(cell),
                None => drop(self.shared.insert(key, (owner.clone(), cell))),
            }
        }
        Ok(())
    }

    /// Writes what was held back and ends the file.
    pub(crate) fn finish(mut self) -> Result<Joined> {
        for (owner, cell) in std::mem::take(&mut self.shared).into_values() {
            self.row(&owner, &cell)?;
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
        let date = i32::try_from(cell.hour.div_euclid(DAY_US)).unwrap_or(i32::MAX);

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
        rows.battery_count.push(levels.cast_signed());
        rows.battery_sum.push(cell.battery_sum);
        rows.battery_min.push(cell.battery_min.map(single));
        rows.battery_last.push(cell.battery_last.map(|(_, level)| single(level)));
        rows.anomaly_count.push(anomalies.cast_signed());

        self.counts.movements += u64::from(movements);
        let day =
            self.days.entry(date).or_insert_with(|| DayTotals { date: day(date), ..DayTotals::default() });
        day.cells += 1;
        day.movements += u64::from(movements);
        day.errors += u64::from(errors);
        day.anomalies += u64::from(anomalies);
        day.response_count += u64::from(responses);
        day.battery_count += u64::from(levels);
        day.response_sum_bits = day.response_sum_bits.wrapping_add(cell.response_sum.to_bits());
        day.battery_sum_bits = day.battery_sum_bits.wrapping_add(cell.battery_sum.to_bits());
        self.table.flush_when_full()
    }
}

/// The nearest number of the mart's 32 bits; a finite number stays finite.
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
    use crate::files::crm::CrmRow;

    fn directory() -> Directory {
        let id = Uuid::from_u128(1);
        Directory::new(&[CrmRow {
            user_id: id,
            ldap_username: None,
            customer_name: Some("Anna".into()),
            customer_email: None,
            prosthesis_id: Some(id),
            chip_id: Some("CHIP-1".into()),
            serial_number: None,
            prosthesis_model: None,
            valid_from: Some(DateTime::UNIX_EPOCH),
            valid_to: None,
        }])
    }

    fn batch(movements: i64) -> CellBatch {
        CellBatch {
            chip_id: vec![Bytes::from_static(b"CHIP-1")],
            hour: vec![1_705_305_600_000_000],
            from: vec![1_705_305_600_000_000],
            movements: vec![movements],
            errors: vec![0],
            anomalies: vec![0],
            response_count: vec![0],
            response_sum: vec![0.0],
            battery_count: vec![0],
            battery_sum: vec![0.0],
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
    fn a_finite_number_stays_finite_in_single_precision() {
        assert_eq!((single(1e300), single(-1e300), single(0.1)), (f32::MAX, f32::MIN, 0.1));
    }
}
