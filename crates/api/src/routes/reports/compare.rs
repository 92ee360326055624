//! `GET /api/reports/compare`: a comparison of two ranges of days.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use bionicpro_reports::{Month, Summary, months, summary};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::check_own;
use super::summary::SummaryFigures;
use crate::access::AskedDays;
use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::figures::{Samples, number, ratio};
use crate::openapi::{ComparisonRefusal, DataRefusals, NotModified};
use crate::parameters::{DayRange, FromQuery, ProsthesisId, Query, Strict, Zone};
use crate::problem::{Problem, ProblemKind};
use crate::state::AppState;

/// The parameters. Each range has at most 366 days; they may overlap and differ in length.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareQuery {
    /// The first day of range a.
    #[param(value_type = NaiveDate, example = "2024-01-01")]
    a_from: NaiveDate,
    /// The day after the last one of range a.
    #[param(value_type = NaiveDate, example = "2024-01-08")]
    a_to: NaiveDate,
    /// The first day of range b.
    #[param(value_type = NaiveDate, example = "2024-01-08")]
    b_from: NaiveDate,
    /// The day after the last one of range b.
    #[param(value_type = NaiveDate, example = "2024-01-15")]
    b_to: NaiveDate,
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[param(value_type = String, required = false, default = "UTC", example = "Europe/Moscow")]
    tz: Zone,
    /// Only this one of the caller's prostheses.
    #[param(required = false, nullable = false)]
    prosthesis_id: Option<Uuid>,
}

impl FromQuery for CompareQuery {
    const NAMES: &'static [&'static str] = &["a_from", "a_to", "b_from", "b_to", "tz", "prosthesis_id"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let (now, tz) = (Utc::now(), Zone::read(query)?);
        let a = DayRange::read_both(query, ("a_from", "a_to"), tz, now)?;
        let b = DayRange::read_both(query, ("b_from", "b_to"), tz, now)?;
        tz.check_whole_hours(a.from, a.to)?;
        tz.check_whole_hours(b.from, b.to)?;
        let prosthesis_id = ProsthesisId::read(query)?;
        Ok(CompareQuery { a_from: a.from, a_to: a.to, b_from: b.from, b_to: b.to, tz, prosthesis_id })
    }

    fn days(&self) -> AskedDays {
        AskedDays::range(self.a_from.min(self.b_from), self.a_to.max(self.b_to))
    }
}

/// A comparison of two ranges.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The time zone whose midnights split the days.
    #[schema(example = "UTC")]
    timezone: &'static str,
    /// The newest moment that the numbers reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    a: Side,
    b: Side,
    /// The numbers of both ranges that are comparable regardless of the ranges' lengths.
    differences: Vec<Difference>,
}

/// One of the two ranges.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparisonSide)]
struct Side {
    /// The first day.
    from: NaiveDate,
    /// The day after the last one.
    to: NaiveDate,
    /// The number of days in the range.
    #[schema(example = 7)]
    days: i64,
    /// The number of days with data in the range.
    #[schema(example = 6)]
    days_with_data: u64,
    /// True if the numbers reflect the whole range.
    complete: bool,
    summary: SummaryFigures,
}

/// A number of both ranges, and its difference.
#[derive(Debug, Serialize, ToSchema)]
struct Difference {
    metric: Metric,
    /// The value of range a; null if unknown.
    #[schema(required, example = 1204.5)]
    a: Option<f64>,
    /// The value of range b; null if unknown.
    #[schema(required, example = 1100.0)]
    b: Option<f64>,
    /// b - a.
    #[schema(required, example = -104.5)]
    difference: Option<f64>,
    /// The difference in per cent of a; null if a is 0, or if either value is unknown.
    #[schema(required, example = -8.7)]
    percent: Option<f64>,
}

/// The compared number. A number per day is divided by the days with data.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ComparedMetric)]
enum Metric {
    MovementsPerDay,
    UsageHoursPerDay,
    AvgResponseTimeMs,
    AvgBatteryLevel,
    LowestBatteryLevel,
    #[serde(rename = "errors_per_1000_movements")]
    ErrorsPer1000Movements,
}

impl Metric {
    const ALL: [Metric; 6] = [
        Metric::MovementsPerDay,
        Metric::UsageHoursPerDay,
        Metric::AvgResponseTimeMs,
        Metric::AvgBatteryLevel,
        Metric::LowestBatteryLevel,
        Metric::ErrorsPer1000Movements,
    ];

    /// Returns the number as sum and count, so that nothing is rounded before the difference.
    fn of(self, totals: &Summary) -> Samples {
        let sums = &totals.sums;
        match self {
            Metric::MovementsPerDay => Samples::new(number(sums.movements), totals.days),
            Metric::UsageHoursPerDay => Samples::new(number(sums.usage_hours), totals.days),
            Metric::AvgResponseTimeMs => Samples::from(sums.response),
            Metric::AvgBatteryLevel => Samples::from(sums.battery),
            Metric::LowestBatteryLevel => {
                sums.battery_min.map_or(Samples::default(), |level| Samples::new(level.into(), 1))
            }
            Metric::ErrorsPer1000Movements => Samples::new(number(sums.errors) * 1000.0, sums.movements),
        }
    }
}

impl Difference {
    fn new(metric: Metric, a: &Summary, b: &Summary) -> Self {
        let (of_a, of_b) = (metric.of(a), metric.of(b));
        let exact = |samples: Samples| (samples.count > 0).then(|| samples.sum / number(samples.count));
        let both = exact(of_a).zip(exact(of_b));
        Difference {
            metric,
            a: of_a.average(),
            b: of_b.average(),
            difference: both.and_then(|(a, b)| ratio(b - a, 1)),
            percent: both.filter(|(a, _)| *a != 0.0).and_then(|(a, b)| ratio((b - a) / a * 100.0, 1)),
        }
    }
}

impl Side {
    /// Refuses a range with too little data for a comparison.
    fn new(
        (name, parameter): (&str, &'static str),
        range: DayRange,
        complete: bool,
        totals: Summary,
    ) -> Result<Self, Problem> {
        let (days, days_with_data) = (range.days(), totals.days);
        if days == 0 || i64::try_from(days_with_data).is_ok_and(|with_data| with_data * 2 < days) {
            return Err(Problem::new(ProblemKind::TooLittleData).at(parameter).detail(format!(
                "Range {name} has data on {days_with_data} of {days} days; a comparison needs data on at least half \
                 of them"
            )));
        }
        Ok(Side {
            from: range.from,
            to: range.to,
            days,
            days_with_data,
            complete,
            summary: SummaryFigures::from(&totals),
        })
    }
}

/// A comparison of two ranges of days.
///
/// Refused, with the reason, if fewer than half of a range's days have data.
#[utoipa::path(
    get, path = "/api/reports/compare", operation_id = "compareRanges", tag = "Reports", params(CompareQuery), security(("bearer" = [])),
    responses((status = 200, description = "The comparison.", body = Comparison), ComparisonRefusal, NotModified, DataRefusals)
)]
pub(crate) async fn compare(
    wearer: Wearer,
    Strict(query): Strict<CompareQuery>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let a = DayRange { from: query.a_from, to: query.a_to };
    let b = DayRange { from: query.b_from, to: query.b_to };
    let zone = query.tz;
    let of_sides = [a, b].map(|range| months(zone.tz(), (range.from, range.to)));
    let needed: BTreeSet<Month> = of_sides.into_iter().flatten().collect();
    let found = app.reader.hours(&wearer, &Vec::from_iter(needed)).await?;
    let until = zone.start_of(a.to.max(b.to));
    let question = ([a, b].map(|range| (range.from, range.to)), found.digest());
    let tag = condition.tag(&wearer, AsOf::of_spans(data_as_of, until), question);
    tag.answer(&app.answers, || {
        let [of_a, of_b] =
            [a, b].map(|range| summary(&found, query.prosthesis_id, zone.tz(), (range.from, range.to)));
        check_own(found.person(), query.prosthesis_id, of_a.days + of_b.days > 0)?;

        let complete = |range: DayRange| data_as_of.is_some_and(|as_of| as_of >= zone.start_of(range.to));
        let differences = Metric::ALL.map(|metric| Difference::new(metric, &of_a, &of_b));
        Ok(Comparison {
            user: wearer.username.into(),
            timezone: zone.name(),
            data_as_of,
            a: Side::new(("a", "a_from"), a, complete(a), of_a)?,
            b: Side::new(("b", "b_from"), b, complete(b), of_b)?,
            differences: differences.into(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_taken_before_anything_is_rounded() {
        let moved = |days, movements| {
            let mut moved = Summary { days, ..Summary::default() };
            moved.sums.movements = movements;
            moved
        };
        let (a, b) = (moved(3, 10), moved(7, 24));
        let difference = Difference::new(Metric::MovementsPerDay, &a, &b);
        assert_eq!((difference.a, difference.b), (Some(3.3), Some(3.4)));
        assert_eq!(difference.difference, Some(0.1), "0.095");
        assert_eq!(difference.percent, Some(2.9));
        let unknown = Difference::new(Metric::AvgResponseTimeMs, &a, &b);
        assert_eq!((unknown.difference, unknown.percent), (None, None));
        let nothing = Summary { days: 1, ..Summary::default() };
        assert_eq!(Difference::new(Metric::UsageHoursPerDay, &nothing, &a).percent, None);
    }
}
