//! Writes a run's rows into the mart and its dimensions, and counts what the mart then answers.
//!
//! Order of one load: [`insert_mart`], [`tombstone_vanished`], [`upsert_dimensions`], then [`day_totals`] to
//! reconcile, then the ledger. Each may be repeated; loads may run late or at once in any order, because the greater
//! version wins everywhere.

use bionicpro_model::{Error, HourRange, Kind, Result, RunId};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::Stream;
use uuid::Uuid;

use crate::Warehouse;
use crate::owners::Ownership;

/// Which load this is.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// The run, for the engine's query log.
    pub run: RunId,
    /// The range that the file replaces; it holds all of its rows.
    pub range: HourRange,
    /// The version that every row of the file carries.
    pub version: u64,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The customer's id.
    pub user_id: Uuid,
    /// The login name; empty when the customer has none.
    pub ldap_username: String,
    /// The name.
    pub customer_name: String,
    /// The e-mail address.
    pub customer_email: String,
}

/// A prosthesis that a customer has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserProsthesisRow {
    /// The customer's id.
    pub user_id: Uuid,
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// Its chip.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
}

/// The whole current state of the dimensions, as one CRM snapshot gives it.
#[derive(Debug, Clone, Default)]
pub struct Dimensions {
    /// Every customer.
    pub users: Vec<UserRow>,
    /// Every prosthesis with an owner.
    pub prostheses: Vec<UserProsthesisRow>,
    /// Every interval of ownership, the former ones included.
    pub owners: Vec<Ownership>,
}

/// What the mart answers for one UTC day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayTotals {
    /// The day.
    pub date: NaiveDate,
    /// Rows.
    pub cells: u64,
    /// Sum of `movements_count`.
    pub movements: u64,
    /// Sum of `error_count`.
    pub errors: u64,
    /// Sum of `anomaly_count`.
    pub anomalies: u64,
    /// Sum of `response_count`.
    pub response_count: u64,
    /// Sum of `battery_count`.
    pub battery_count: u64,
    /// Wrapping sum of `response_sum.to_bits()` over the rows: exact whatever the order of the rows.
    pub response_sum_bits: u64,
    /// Wrapping sum of `battery_sum.to_bits()` over the rows.
    pub battery_sum_bits: u64,
    /// The newest version of any row of the day, tombstones included. Greater than the load's own version means
    /// that a newer load has written here meanwhile: the day is that load's to reconcile, skip it.
    pub newest_version: u64,
}

/// The first day that the mart retains, or none when it keeps everything.
///
/// Rows before it may be dropped by the engine at any moment: a run refuses or cuts a range that begins earlier.
pub fn retained_from(_warehouse: &Warehouse, _now: DateTime<Utc>) -> Option<NaiveDate> {
    None
}

/// Streams a Parquet file with the mart's columns (matched by name) into the mart; returns the bytes sent.
///
/// The stream's own errors are passed through, and then nothing of the file was promised to be loaded. Success
/// promises that every row of the file is stored. A repetition stores them again, which changes no answer.
///
/// # Errors
/// `Unreachable` when the engine is away or cuts the connection, `Data` when the file does not fit the mart.
pub async fn insert_mart<S>(_warehouse: &Warehouse, _parquet: S, _spec: &LoadSpec) -> Result<u64>
where
    S: Stream<Item = Result<Bytes>> + Send,
{
    Err(Error::new(Kind::Internal, "not built yet"))
}

/// Notes that the range is complete at this version and hides every older row of it; returns how many.
///
/// Call after [`insert_mart`] of the whole file, never before: what the file did not bring vanishes. Rows of a
/// load that comes late, after a newer one has completed the same hours, vanish too.
pub async fn tombstone_vanished(_warehouse: &Warehouse, _spec: &LoadSpec) -> Result<u64> {
    Err(Error::new(Kind::Internal, "not built yet"))
}

/// Replaces the dimensions by the state of a CRM snapshot; what is not in it vanishes, except `owners`, whose
/// intervals are only ever added or closed.
///
/// `version` is the CRM snapshot's. An older state than the one stored changes nothing.
pub async fn upsert_dimensions(
    _warehouse: &Warehouse,
    _dimensions: &Dimensions,
    _version: u64,
) -> Result<()> {
    Err(Error::new(Kind::Internal, "not built yet"))
}

/// What the mart now answers for each UTC day of the range that has rows, oldest first.
///
/// A day without live rows is listed with zero cells when tombstones remain in it, else left out.
pub async fn day_totals(_warehouse: &Warehouse, _range: &HourRange) -> Result<Vec<DayTotals>> {
    Err(Error::new(Kind::Internal, "not built yet"))
}
