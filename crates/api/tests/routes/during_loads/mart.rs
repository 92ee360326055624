//! The expected contents of the mart: its state after each load, and the random load that leads to the next
//! state.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_warehouse::load::{Former, Tombstones};
use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Tz;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;

use crate::support::{Person, at};

/// The hours of two days, one on each side of the end of a month.
pub(super) const HOURS: i64 = 48;

/// The difference between the versions of two loads, so that a late one fits between.
const STEP: u64 = 10;

/// The key of a row: its person, its prosthesis (among those of all people), its hour.
pub(super) type Key = (usize, usize, i64);

/// The live rows, each with the number of the load that wrote it.
pub(super) type State = BTreeMap<Key, u32>;

/// A load that leads from one state to the next.
pub(super) struct Load {
    pub(super) version: u64,
    /// True if it replaces both days.
    pub(super) is_range: bool,
    /// Rows with their numbers, and tombstones without.
    pub(super) rows: BTreeMap<Key, Option<u32>>,
    pub(super) hides: Tombstones,
}

/// The people and the owners of prostheses, from which random loads are made.
pub(super) struct Mart {
    pub(super) people: Vec<Person>,
    /// The current owner of each prosthesis.
    owners: Vec<usize>,
    newest_range: u64,
}

impl Mart {
    pub(super) fn new() -> Mart {
        let people = ["anna", "boris", "clara", "dmitri"].map(|name| Person::new(name, 1));
        Mart { owners: (0..people.len()).collect(), people: people.into(), newest_range: 0 }
    }

    pub(super) fn hour(hour: i64) -> DateTime<Utc> {
        at("2024-01-31T00:00:00Z") + TimeDelta::hours(hour)
    }

    /// Returns a random load of this number, and the state after it.
    pub(super) fn next(&mut self, number: u32, state: &State, random: &mut StdRng) -> (Load, State) {
        let version = u64::from(number) * STEP;
        let load = |rows| Load { version, is_range: false, rows, hides: Tombstones::default() };
        match random.random_range(0..100) {
            kind if number == 1 || kind < 35 => {
                let rows = self.all(number, random);
                self.newest_range = version;
                let after = rows.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
                (Load { is_range: true, ..load(rows) }, after)
            }
            // A few rows of one month: the usual incremental run.
            35..60 => {
                let (owner, day) = (random.random_range(0..self.people.len()), random.random_range(0..2));
                let is_touched = |key: &Key| key.0 == owner && key.2 / 24 == day;
                let rows = self.tick(number, state, is_touched, random);
                let after = applied(state, &rows);
                (load(rows), after)
            }
            // A burst of late rows.
            60..75 => {
                let rows = self.tick(number, state, |_| true, random);
                let after = applied(state, &rows);
                (load(rows), after)
            }
            75..82 => {
                let gone = random.random_range(0..self.people.len());
                let mut after = state.clone();
                after.retain(|key, _| key.0 != gone);
                let hides = Tombstones {
                    former: Vec::new(),
                    gone: vec![self.people[gone].id],
                    ..Tombstones::default()
                };
                (Load { hides, ..load(BTreeMap::new()) }, after)
            }
            82..92 => self.change_of_owner(number, state, random),
            // A late load that brings rows that a newer one has removed, and must change nothing.
            _ => {
                let rows = self.all(number, random);
                let version = self.newest_range - STEP / 2;
                (Load { version, is_range: random.random(), ..load(rows) }, state.clone())
            }
        }
    }

    /// Returns random hours of each prosthesis, for its owner.
    fn all(&self, number: u32, random: &mut StdRng) -> BTreeMap<Key, Option<u32>> {
        let keys = self.owners.iter().enumerate();
        let keys =
            keys.flat_map(|(prosthesis, owner)| (0..HOURS).map(move |hour| (*owner, prosthesis, hour)));
        keys.filter(|_| random.random_bool(0.7)).map(|key| (key, Some(number))).collect()
    }

    /// Returns new rows for some of the touched hours, and tombstones for the others that have a row.
    fn tick(
        &self,
        number: u32,
        state: &State,
        is_touched: impl Fn(&Key) -> bool,
        random: &mut StdRng,
    ) -> BTreeMap<Key, Option<u32>> {
        let mut rows: BTreeMap<Key, Option<u32>> =
            state.keys().filter(|key| is_touched(key)).map(|key| (*key, None)).collect();
        let new = self.all(number, random);
        rows.extend(new.into_iter().filter(|(key, _)| is_touched(key)));
        rows
    }

    /// Moves hours of a prosthesis to another person. Half of the time, the file also has their tombstones
    /// for the former owner.
    fn change_of_owner(&mut self, number: u32, state: &State, random: &mut StdRng) -> (Load, State) {
        let prosthesis = random.random_range(0..self.owners.len());
        let former = self.owners[prosthesis];
        let now = (former + random.random_range(1..self.people.len())) % self.people.len();
        let (begin, is_named) = (random.random_range(0..HOURS), random.random());
        let is_moved = |key: &Key| key.0 == former && key.1 == prosthesis && key.2 >= begin;
        let moved: BTreeSet<Key> = state.keys().filter(|key| is_moved(key)).copied().collect();
        let mut rows: BTreeMap<Key, Option<u32>> =
            moved.iter().map(|key| ((now, key.1, key.2), Some(number))).collect();
        let mut after = applied(state, &rows);
        after.retain(|key, _| !moved.contains(key));
        if is_named {
            rows.extend(moved.iter().map(|key| (*key, None)));
        }
        self.owners[prosthesis] = now;
        let range = bionicpro_model::HourRange::new(Mart::hour(begin), Mart::hour(HOURS)).unwrap();
        let (user_id, prosthesis_id) = (self.people[former].id, self.people[prosthesis].prostheses[0]);
        let hides =
            Tombstones { former: vec![Former { user_id, prosthesis_id, range }], ..Tombstones::default() };
        (Load { version: u64::from(number) * STEP, is_range: false, rows, hides }, after)
    }
}

fn applied(state: &State, rows: &BTreeMap<Key, Option<u32>>) -> State {
    let mut after = state.clone();
    for (key, number) in rows {
        match number {
            Some(number) => after.insert(*key, *number),
            None => after.remove(key),
        };
    }
    after
}

/// A request that a person can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// A day of a zone, as the number of days since the first.
    Day(Tz, u64),
    Days,
    Summary,
}

impl Question {
    pub(super) fn path(self) -> String {
        match self {
            Question::Day(tz, day) => format!("/api/reports/{}?tz={tz}", date(day)),
            Question::Days => "/api/reports".to_owned(),
            Question::Summary => format!("/api/reports/summary?from={}&to={}", date(0), date(2)),
        }
    }

    /// Returns the movements in the answer: those of each hour of a day; the days with data; or the number of
    /// days and the total.
    pub(super) fn told(self, status: u16, body: &Value) -> Vec<(String, u64)> {
        let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        match self {
            Question::Day(..) if status == 404 => Vec::new(),
            Question::Day(..) => {
                let hours = list("hourly_data");
                let hour = |hour: &Value| {
                    (hour["hour"].as_str().unwrap().to_owned(), hour["movements_count"].as_u64().unwrap())
                };
                hours.iter().map(hour).collect()
            }
            Question::Days => {
                let day = |day: &Value| (day["date"].as_str().unwrap().to_owned(), 0);
                list("reports").iter().map(day).collect()
            }
            Question::Summary => {
                let movements = body["summary"]["total_movements"].as_u64().unwrap_or(0);
                vec![(body["total_days"].to_string(), movements)]
            }
        }
    }

    /// Returns the movements in the answer for a state.
    pub(super) fn expected(self, person: usize, state: &State) -> Vec<(String, u64)> {
        let own = state.iter().filter(|(key, _)| key.0 == person);
        let mut hours: BTreeMap<DateTime<Utc>, u64> = BTreeMap::new();
        for (key, number) in own {
            *hours.entry(Mart::hour(key.2)).or_default() += u64::from(*number);
        }
        let days: BTreeSet<String> = hours.keys().map(|hour| hour.date_naive().to_string()).collect();
        match self {
            Question::Day(tz, day) => {
                let wanted = date(day);
                let is_wanted =
                    |hour: &DateTime<Utc>| hour.with_timezone(&tz).date_naive().to_string() == wanted;
                let hours = hours.into_iter().filter(|(hour, _)| is_wanted(hour));
                hours.map(|(hour, number)| (hour.format("%Y-%m-%dT%H:%M:%SZ").to_string(), number)).collect()
            }
            Question::Days => days.into_iter().rev().map(|day| (day, 0)).collect(),
            Question::Summary => vec![(days.len().to_string(), hours.values().sum())],
        }
    }
}

fn date(day: u64) -> String {
    (Mart::hour(0).date_naive() + Days::new(day)).to_string()
}
