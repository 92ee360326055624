//! The queries behind the Reports API: one person's rows, read-only, values as server-side parameters.
//!
//! Every query is keyed by the caller's own `user_id`; none can reach another person's rows. Sums and counts come
//! back as they are; the API divides and rounds.

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::Config;

/// The account that reads reports. Cheap to clone; requests share a pool.
#[derive(Clone)]
pub struct Reports {}

/// A person, by the name that the token carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The key of every other query.
    pub user_id: Uuid,
    /// The login name.
    pub ldap_username: String,
}

/// A prosthesis that a person has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prosthesis {
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// Its chip.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
}

/// Days with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// One page, newest first.
    pub dates: Vec<NaiveDate>,
    /// How many days have data in all.
    pub total: u64,
}

/// One prosthesis in one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct HourRow {
    /// The beginning of the hour.
    pub hour: DateTime<Utc>,
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// Its chip in that hour.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Movements.
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
}

/// Totals over a range of days.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Days with data.
    pub days: u64,
    /// Hours with at least one movement, an hour with two prostheses counted once.
    pub usage_hours: u64,
    /// Movements.
    pub movements: u64,
    /// Movements with an error code.
    pub errors: u64,
    /// Movements with a value out of its range.
    pub anomalies: u64,
    /// Response time samples.
    pub response_count: u64,
    /// Their sum, in milliseconds.
    pub response_sum: f64,
    /// Battery level samples.
    pub battery_count: u64,
    /// Their sum, in per cent.
    pub battery_sum: f64,
    /// The lowest battery level.
    pub battery_min: Option<f32>,
}

impl Reports {
    /// Prepares a client with `warehouse.reader_url`, or `warehouse.url` where there is none; nothing is sent yet.
    ///
    /// # Errors
    /// `Config`, as [`crate::Warehouse::new`].
    pub fn new(_config: &Config) -> Result<Self> {
        Ok(Reports {})
    }

    /// Asks for the engine's version: reachable, and let in. For readiness.
    pub async fn ping(&self) -> Result<String> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// Who has this login name now. An empty name is nobody's.
    pub async fn user_by_name(&self, _ldap_username: &str) -> Result<Option<User>> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// The prostheses that the person has now, by model and id.
    pub async fn prostheses(&self, _user_id: Uuid) -> Result<Vec<Prosthesis>> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// The newest `limit` days with data before `before`, and how many days have data in all.
    pub async fn days(
        &self,
        _user_id: Uuid,
        _prosthesis: Option<Uuid>,
        _tz: Tz,
        _before: Option<NaiveDate>,
        _limit: u16,
    ) -> Result<Days> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// The rows of one day of the zone, by hour and prosthesis; empty when there is no data.
    pub async fn day(
        &self,
        _user_id: Uuid,
        _prosthesis: Option<Uuid>,
        _tz: Tz,
        _date: NaiveDate,
    ) -> Result<Vec<HourRow>> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// Totals of the days `from <= day < to` of the zone; an end that is none is open.
    pub async fn summary(
        &self,
        _user_id: Uuid,
        _prosthesis: Option<Uuid>,
        _tz: Tz,
        _from: Option<NaiveDate>,
        _to: Option<NaiveDate>,
    ) -> Result<Summary> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }

    /// The newest moment that the mart reflects; none before the first load.
    pub async fn data_as_of(&self) -> Result<Option<DateTime<Utc>>> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}
