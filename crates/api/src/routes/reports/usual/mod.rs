//! `GET /api/reports/usual`: the caller's usual values, from the 28 days before a day.

mod spread;

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::{Hours, months};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::spread::{Spread, UsedDay, used_days};
use super::{MIN_DAYS, check_own};
use crate::access::AskedDays;
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::figures::ratio;
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{Day, FromQuery, ProsthesisId, Query, Strict, Zone, local_today};
use crate::problem::Problem;
use crate::state::AppState;

/// The number of days before a day from which usual values are computed.
pub(super) const USUAL_DAYS: Days = Days::new(28);

/// The parameters.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsualQuery {
    /// The day that is compared with the 28 before it; today when absent.
    #[param(value_type = Option<NaiveDate>, required = false, nullable = false, example = "2024-01-15")]
    date: NaiveDate,
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    prosthesis_id: Option<Uuid>,
}

impl FromQuery for UsualQuery {
    const NAMES: &'static [&'static str] = &["date", "tz", "prosthesis_id"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let (now, tz) = (Utc::now(), Zone::read(query)?);
        let date = Day::read(query, "date", tz, now)?.map_or(local_today(tz, now), |Day(date)| date);
        tz.check_whole_hours(date - USUAL_DAYS, date)?;
        Ok(UsualQuery { date, tz, prosthesis_id: ProsthesisId::read(query)? })
    }

    fn days(&self) -> AskedDays {
        AskedDays::range(self.date - USUAL_DAYS, self.date)
    }
}

/// The caller's usual values.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsualReport {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The time zone whose midnights split the days.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// The day that the 28 days precede.
    date: NaiveDate,
    usual: UsualFigures,
}

/// The caller's usual values: medians and usual ranges over complete days with data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usual)]
pub(crate) struct UsualFigures {
    /// The first day.
    from: NaiveDate,
    /// The day after the last one.
    to: NaiveDate,
    /// The number of complete days with data among these days.
    #[schema(example = 26)]
    days_with_data: u64,
    /// The minimum number of days with a value; below it, a number has no usual range.
    #[schema(example = 5)]
    min_days: u64,
    /// The level of the quantile `low`. Quantiles are exact, with linear interpolation between neighbours.
    #[schema(example = 0.1)]
    low_quantile: f64,
    /// The level of the quantile `high`.
    #[schema(example = 0.9)]
    high_quantile: f64,
    /// Movements of a day.
    #[schema(required)]
    movements: Option<Band>,
    /// Hours with at least one movement.
    #[schema(required)]
    usage_hours: Option<Band>,
    /// Average response time in milliseconds.
    #[schema(required)]
    avg_response_time_ms: Option<Band>,
    /// Average battery level in per cent.
    #[schema(required)]
    avg_battery_level: Option<Band>,
    /// Lowest battery level in per cent.
    #[schema(required)]
    lowest_battery_level: Option<Band>,
    /// Movements with an error.
    #[schema(required)]
    errors: Option<Band>,
    /// Errors in a thousand movements.
    #[schema(required)]
    errors_per_1000_movements: Option<Band>,
}

/// The median of a number, and the range of four in five days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsualBand)]
struct Band {
    /// Half of the days are below, half above.
    #[schema(example = 1204.0)]
    median: f64,
    /// A tenth of the days are below.
    #[schema(example = 980.0)]
    low: f64,
    /// A tenth of the days are above.
    #[schema(example = 1410.5)]
    high: f64,
    /// The number of days with a value.
    #[schema(example = 26)]
    days: u64,
}

impl UsualFigures {
    /// Computes the usual values before the day from hours that contain the days before it. Days that
    /// `data_as_of` does not cover completely do not count.
    pub(super) fn new(
        date: NaiveDate,
        zone: Zone,
        data_as_of: Option<DateTime<Utc>>,
        hours: &Hours,
        prosthesis: Option<Uuid>,
    ) -> Self {
        let is_known =
            |day| data_as_of.is_some_and(|as_of| day < as_of.with_timezone(&zone.tz()).date_naive());
        let from = date - USUAL_DAYS;
        let rows = hours.rows(prosthesis, (zone.start_of(from), zone.start_of(date)));
        let days = used_days(rows, zone, |day| from <= day && day < date && is_known(day));
        let of_all = |number: fn(&UsedDay) -> f64| Band::of(Spread::new(days.iter().map(number)));
        let of_some =
            |number: fn(&UsedDay) -> Option<f64>| Band::of(Spread::new(days.iter().filter_map(number)));
        UsualFigures {
            from,
            to: date,
            days_with_data: days.len() as u64,
            min_days: MIN_DAYS,
            low_quantile: spread::LOW,
            high_quantile: spread::HIGH,
            movements: of_all(UsedDay::movements),
            usage_hours: of_all(UsedDay::usage_hours),
            avg_response_time_ms: of_some(UsedDay::response_time),
            avg_battery_level: of_some(UsedDay::battery_level),
            lowest_battery_level: of_some(UsedDay::lowest_battery_level),
            errors: of_all(UsedDay::errors),
            errors_per_1000_movements: of_some(UsedDay::errors_per_1000_movements),
        }
    }
}

impl Band {
    fn of(spread: Option<Spread>) -> Option<Self> {
        let spread = spread.filter(|spread| spread.days >= MIN_DAYS)?;
        let (median, low, high) = (ratio(spread.median, 1)?, ratio(spread.low, 1)?, ratio(spread.high, 1)?);
        Some(Band { median, low, high, days: spread.days })
    }
}

/// The caller's usual values.
///
/// Medians and usual ranges over the 28 days before a day, which is not included; only complete days with
/// data count.
#[utoipa::path(
    get, path = "/api/reports/usual", operation_id = "getUsual", tag = "Reports", params(UsualQuery), security(("bearer" = [])),
    responses((status = 200, description = "The usual values.", body = UsualReport), NotModified, DataRefusals)
)]
pub(crate) async fn usual(
    wearer: Wearer,
    Strict(query): Strict<UsualQuery>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let UsualQuery { date, tz, prosthesis_id } = query;
    let found = app.reader.hours(&wearer, &months(tz.tz(), (date - USUAL_DAYS, date))).await?;
    let has_data = found.person().presence.first_hour(prosthesis_id).is_some();
    let as_of = AsOf::of_spans(data_as_of, tz.start_of(date));
    let tag = condition.tag(&wearer, as_of, (date, has_data, found.digest()));
    tag.answer(&app.answers, || {
        check_own(found.person(), prosthesis_id, has_data)?;
        let usual = UsualFigures::new(date, tz, data_as_of, &found, prosthesis_id);
        Ok(UsualReport { user: wearer.username.into(), timezone: tz.name(), data_as_of, date, usual })
    })
}
