//! The parameters of endpoints that read a range of days.

use chrono::{NaiveDate, TimeDelta, Utc};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::AskedDays;
use crate::parameters::{DayRange, FromQuery, ProsthesisId, Query, Zone};
use crate::problem::Problem;

/// The default length of a range in days.
const DEFAULT_DAYS: i64 = 30;
/// The days before a range that are read for the medians of its first days.
const DAYS_BEFORE: TimeDelta = TimeDelta::days(6);

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RangeQuery {
    /// The first day; 30 days before `to` when absent.
    #[param(value_type = Option<NaiveDate>, required = false, nullable = false, example = "2024-01-01")]
    pub(super) from: NaiveDate,
    /// The day after the last one; tomorrow when absent. At most 366 days after `from`; if equal to it, the
    /// range is empty.
    #[param(value_type = Option<NaiveDate>, required = false, nullable = false, example = "2024-02-01")]
    pub(super) to: NaiveDate,
    /// The last day itself, instead of `to`; today at most.
    #[param(required = false, nullable = false, example = "2024-01-31")]
    #[expect(dead_code, reason = "describes a parameter that `to` is read from")]
    through: Option<NaiveDate>,
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    pub(super) tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    pub(super) prosthesis_id: Option<Uuid>,
}

impl FromQuery for RangeQuery {
    const NAMES: &'static [&'static str] = &["from", "to", "through", "tz", "prosthesis_id"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let tz = Zone::read(query)?;
        let DayRange { from, to } = DayRange::read(query, tz, Utc::now(), DEFAULT_DAYS)?;
        tz.check_whole_hours(from - DAYS_BEFORE, to)?;
        Ok(RangeQuery { from, to, through: None, tz, prosthesis_id: ProsthesisId::read(query)? })
    }

    fn days(&self) -> AskedDays {
        AskedDays::range(self.from, self.to)
    }
}
