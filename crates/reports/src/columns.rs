//! The hours of one month, stored by column.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Month;

/// The hours of a person in one UTC month, sorted by hour and prosthesis, with one vector per column.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthHours {
    month: Month,
    /// The distinct combinations of prosthesis, chip and model.
    devices: Vec<Device>,
    /// Hours since the month began.
    hour: Vec<u16>,
    /// Indexes into `devices`.
    device: Vec<u32>,
    movements: Vec<u32>,
    errors: Vec<u32>,
    anomalies: Vec<u32>,
    response_count: Vec<u32>,
    response_sum: Vec<f64>,
    battery_count: Vec<u32>,
    battery_sum: Vec<f64>,
    battery_min: Vec<Option<f32>>,
    battery_last: Vec<Option<f32>>,
    version: Vec<u64>,
    digest: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Device {
    prosthesis_id: Uuid,
    chip_id: Box<str>,
    prosthesis_model: Box<str>,
}

/// One prosthesis in one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The beginning of the hour.
    pub hour: DateTime<Utc>,
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// Its chip in that hour.
    pub chip_id: &'a str,
    /// Its model's name.
    pub prosthesis_model: &'a str,
    /// Movements: at least one.
    pub movements: u32,
    /// Movements with an error code.
    pub errors: u32,
    /// Movements with a value out of its range.
    pub anomalies: u32,
    /// Response time samples.
    pub response_count: u32,
    /// Their sum, in milliseconds.
    pub response_sum: f64,
    /// Battery level samples.
    pub battery_count: u32,
    /// Their sum, in per cent.
    pub battery_sum: f64,
    /// The lowest battery level.
    pub battery_min: Option<f32>,
    /// The last battery level.
    pub battery_last: Option<f32>,
    /// The version: the time of the source's snapshot, in microseconds since 1970.
    pub version: u64,
}

impl MonthHours {
    /// Splits rows, in any order, by month. A month may have no rows; rows of other months are dropped.
    pub fn of_months<'a>(months: &[Month], rows: impl IntoIterator<Item = Row<'a>>) -> Vec<Self> {
        let mut of_month: BTreeMap<Month, Vec<Row<'a>>> =
            months.iter().map(|month| (*month, Vec::new())).collect();
        for row in rows {
            if let Some(own) = of_month.get_mut(&Month::of(row.hour)) {
                own.push(row);
            }
        }
        of_month.into_iter().map(|(month, rows)| MonthHours::new(month, rows)).collect()
    }

    fn new(month: Month, mut rows: Vec<Row<'_>>) -> Self {
        rows.sort_by_key(|row| (row.hour, order(row.prosthesis_id)));
        let mut devices: Vec<Device> = Vec::new();
        let mut places = HashMap::new();
        let device = rows.iter().map(|row| {
            *places.entry((row.prosthesis_id, row.chip_id, row.prosthesis_model)).or_insert_with(|| {
                devices.push(Device::of(row));
                u32::try_from(devices.len() - 1).expect("fewer devices than rows, which memory holds")
            })
        });
        let device = device.collect();
        let since = |row: &Row<'_>| u16::try_from((row.hour - month.start()).num_hours());
        let mut made = MonthHours {
            month,
            device,
            hour: rows.iter().map(|row| since(row).expect("an hour of the month")).collect(),
            movements: rows.iter().map(|row| row.movements).collect(),
            errors: rows.iter().map(|row| row.errors).collect(),
            anomalies: rows.iter().map(|row| row.anomalies).collect(),
            response_count: rows.iter().map(|row| row.response_count).collect(),
            response_sum: rows.iter().map(|row| row.response_sum).collect(),
            battery_count: rows.iter().map(|row| row.battery_count).collect(),
            battery_sum: rows.iter().map(|row| row.battery_sum).collect(),
            battery_min: rows.iter().map(|row| row.battery_min).collect(),
            battery_last: rows.iter().map(|row| row.battery_last).collect(),
            version: rows.iter().map(|row| row.version).collect(),
            devices,
            digest: 0,
        };
        made.digest = made.make_digest();
        made
    }

    /// Computes the digest: equal for equal hours in every process of one build.
    fn make_digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.devices, &self.hour, &self.device, &self.movements, &self.errors).hash(&mut hasher);
        (&self.anomalies, &self.response_count, &self.battery_count, &self.version).hash(&mut hasher);
        let sums = self.response_sum.iter().chain(&self.battery_sum);
        sums.for_each(|sum| sum.to_bits().hash(&mut hasher));
        let readings = self.battery_min.iter().chain(&self.battery_last);
        readings.for_each(|reading| reading.map(f32::to_bits).hash(&mut hasher));
        hasher.finish()
    }

    /// Returns true if the month has no data.
    pub fn is_empty(&self) -> bool {
        self.hour.is_empty()
    }

    /// The digest of the hours: two reads of the month with the same digest have the same content.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The month.
    pub fn month(&self) -> Month {
        self.month
    }

    /// The rows `from <= hour < to`, by hour and prosthesis.
    pub fn rows(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> impl DoubleEndedIterator<Item = Row<'_>> {
        let place = |end: DateTime<Utc>| {
            // An hour that began before a moment within it is before that moment.
            let seconds = (end - self.month.start()).num_seconds();
            self.hour.partition_point(|hour| i64::from(*hour) * 3600 < seconds)
        };
        let (first, end) = (place(from), place(to));
        (first..end.max(first)).map(|place| self.row(place))
    }

    fn row(&self, place: usize) -> Row<'_> {
        let device = &self.devices[self.device[place] as usize];
        Row {
            hour: self.month.start() + TimeDelta::hours(self.hour[place].into()),
            prosthesis_id: device.prosthesis_id,
            chip_id: &device.chip_id,
            prosthesis_model: &device.prosthesis_model,
            movements: self.movements[place],
            errors: self.errors[place],
            anomalies: self.anomalies[place],
            response_count: self.response_count[place],
            response_sum: self.response_sum[place],
            battery_count: self.battery_count[place],
            battery_sum: self.battery_sum[place],
            battery_min: self.battery_min[place],
            battery_last: self.battery_last[place],
            version: self.version[place],
        }
    }

    /// The approximate memory in bytes.
    pub fn bytes(&self) -> usize {
        let row = size_of::<u16>() + size_of::<u32>() * 6 + size_of::<f64>() * 2;
        let row = row + size_of::<Option<f32>>() * 2 + size_of::<u64>();
        let texts = self.devices.iter().map(|device| device.chip_id.len() + device.prosthesis_model.len());
        let devices = self.devices.len() * size_of::<Device>() + texts.sum::<usize>();
        size_of::<MonthHours>() + devices + self.hour.len() * row
    }
}

impl Device {
    fn of(row: &Row<'_>) -> Self {
        Device {
            prosthesis_id: row.prosthesis_id,
            chip_id: row.chip_id.into(),
            prosthesis_model: row.prosthesis_model.into(),
        }
    }
}

/// The sort key of an id in the warehouse's order: the second half comes first.
pub(crate) fn order(id: Uuid) -> (u64, u64) {
    let (first, second) = id.as_u64_pair();
    (second, first)
}
