//! The requests, and their expected answers for a state.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{PROSTHESES, State, World, date, errors, movements};
use crate::support::Answered;

/// A request of a person, optionally for one of all prostheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Question {
    asks: Asks,
    prosthesis: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asks {
    /// A day of a zone, as the number of days since the first.
    Day(Tz, i64),
    Days,
    /// Totals of some days. The two months are cached separately.
    Summary(i64, i64),
}

/// A day of Moscow's zone has hours of both months.
const ASKS: [Asks; 7] = [
    Asks::Days,
    Asks::Day(Tz::UTC, 0),
    Asks::Day(Tz::UTC, 1),
    Asks::Day(Tz::Europe__Moscow, 1),
    Asks::Summary(0, 1),
    Asks::Summary(1, 2),
    Asks::Summary(-30, 29),
];

impl Question {
    /// Returns a random request for a name: some people request only lists, which need no hours, and some one
    /// month at a time.
    pub(super) fn random(name: usize, random: &mut StdRng) -> Question {
        let prosthesis = random.random_bool(0.25).then(|| random.random_range(0..PROSTHESES));
        let asks = match name {
            0 => Asks::Days,
            1 => Asks::Day(Tz::UTC, 0),
            2 => [Asks::Summary(0, 1), Asks::Summary(1, 2)][random.random_range(0..2)],
            _ => ASKS[random.random_range(0..ASKS.len())],
        };
        Question { asks, prosthesis }
    }

    /// Returns the request for the totals of both months.
    pub(super) fn totals() -> Question {
        Question { asks: ASKS[ASKS.len() - 1], prosthesis: None }
    }

    /// Returns every request of a person, and the last one for each prosthesis.
    pub(super) fn all() -> impl Iterator<Item = Question> {
        let of_each = (0..PROSTHESES).map(|prosthesis| (Question::totals().asks, Some(prosthesis)));
        let all = ASKS.into_iter().map(|asks| (asks, None)).chain(of_each);
        all.map(|(asks, prosthesis)| Question { asks, prosthesis })
    }

    pub(super) fn path(self, ids: &[Uuid]) -> String {
        let path = match self.asks {
            Asks::Day(tz, day) => format!("/api/reports/{}?tz={tz}", date(day)),
            Asks::Days => "/api/reports?tz=UTC".to_owned(),
            Asks::Summary(from, to) => format!("/api/reports/summary?from={}&to={}", date(from), date(to)),
        };
        match self.prosthesis {
            Some(prosthesis) => format!("{path}&prosthesis_id={}", ids[prosthesis]),
            None => path,
        }
    }

    /// Returns the contents of an answer that are checked.
    pub(super) fn told(self, answer: &Answered) -> Value {
        let body = answer.json();
        if answer.checked_status() != 200 {
            return json!([answer.status, body["detail"]]);
        }
        let list = |of: &str, what: &str| -> Vec<Value> {
            body[of].as_array().unwrap().iter().map(|one| one[what].clone()).collect()
        };
        match self.asks {
            Asks::Day(..) => {
                let hours = body["hourly_data"].as_array().unwrap().iter();
                let hours =
                    hours.map(|hour| json!([hour["hour"], hour["movements_count"], hour["error_count"]]));
                json!({
                    "hours": hours.collect::<Vec<_>>(), "movements": body["summary"]["total_movements"],
                    "before": body["previous_date_with_data"], "after": body["next_date_with_data"],
                    "of": sorted(list("prostheses", "prosthesis_id")),
                })
            }
            Asks::Days => json!({
                "days": list("reports", "date"), "total": body["total"],
                "own": sorted(list("prostheses", "prosthesis_id")),
            }),
            Asks::Summary(..) => {
                let summary = &body["summary"];
                json!({
                    "days": body["total_days"], "movements": summary["total_movements"],
                    "errors": summary["total_errors"], "hours": summary["total_usage_hours"],
                    "own": sorted(list("prostheses", "prosthesis_id")),
                })
            }
        }
    }

    /// Returns the expected contents of the answer for a state.
    pub(super) fn expected(self, name: usize, state: &State, ids: &[Uuid]) -> Value {
        let person = state.names[name];
        let is_asked = |prosthesis: usize| self.prosthesis.is_none_or(|asked| asked == prosthesis);
        let rows = state.rows.iter().filter(|(key, _)| Some(key.0) == person && is_asked(key.1));
        let mut hours: BTreeMap<DateTime<Utc>, (u64, u64, BTreeSet<usize>)> = BTreeMap::new();
        for ((owner, prosthesis, hour), number) in rows {
            let hour = hours.entry(World::hour(*hour)).or_default();
            hour.0 += u64::from(movements(*owner, *number));
            hour.1 += u64::from(errors(*prosthesis));
            hour.2.insert(*prosthesis);
        }
        let own = state.owners.iter().enumerate();
        let own = own.filter(|(_, owner)| person.is_some() && **owner == person);
        let own: Vec<usize> = own.map(|(prosthesis, _)| prosthesis).collect();
        let is_own = self.prosthesis.is_none_or(|asked| own.contains(&asked));
        let tz = if let Asks::Day(tz, _) = self.asks { tz } else { Tz::UTC };
        let day = |hour: &DateTime<Utc>| hour.with_timezone(&tz).date_naive();
        let days: BTreeSet<NaiveDate> = hours.keys().map(day).collect();
        let told = |of: Vec<usize>| sorted(of.into_iter().map(|one| json!(ids[one])).collect());
        let not_own = json!([404, "Prosthesis not found"]);
        match self.asks {
            Asks::Day(_, wanted) => {
                let wanted = date(wanted);
                if !is_own && hours.is_empty() {
                    return not_own;
                }
                hours.retain(|hour, _| day(hour) == wanted);
                if hours.is_empty() {
                    return json!([404, format!("Report not found for date {wanted}")]);
                }
                let of: BTreeSet<usize> = hours.values().flat_map(|hour| hour.2.iter().copied()).collect();
                let numbers = hours.iter().map(|(hour, (movements, errors, _))| {
                    json!([hour.format("%Y-%m-%dT%H:%M:%SZ").to_string(), movements, errors])
                });
                json!({
                    "hours": numbers.collect::<Vec<_>>(),
                    "movements": hours.values().map(|hour| hour.0).sum::<u64>(),
                    "before": days.range(..wanted).next_back(), "after": days.iter().find(|day| **day > wanted),
                    "of": told(of.into_iter().collect()),
                })
            }
            Asks::Days if !is_own && hours.is_empty() => not_own,
            Asks::Days => json!({
                "days": days.iter().rev().collect::<Vec<_>>(), "total": days.len(), "own": told(own),
            }),
            Asks::Summary(from, to) => {
                hours.retain(|hour, _| (date(from)..date(to)).contains(&day(hour)));
                if !is_own && hours.is_empty() {
                    return not_own;
                }
                json!({
                    "days": hours.keys().map(day).collect::<BTreeSet<_>>().len(),
                    "movements": hours.values().map(|hour| hour.0).sum::<u64>(),
                    "errors": hours.values().map(|hour| hour.1).sum::<u64>(),
                    "hours": hours.len(), "own": told(own),
                })
            }
        }
    }
}

/// Returns the movements of each hour in a day's answer.
pub(super) fn hourly(told: &Value) -> impl Iterator<Item = u64> {
    told["hours"].as_array().into_iter().flatten().filter_map(|hour| hour[1].as_u64())
}

fn sorted(mut ids: Vec<Value>) -> Vec<Value> {
    ids.sort_by_key(|id| id.as_str().map(str::to_owned));
    ids
}
