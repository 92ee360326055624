//! For any rows, table and request, the parts of cells that are read are those of an independent
//! recomputation, once each.
//!
//! A failing case is shrunk and printed, and its seed kept in `tests/it/property.regressions`, which is tried
//! first next time. `PROPTEST_CASES=1000` searches longer.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::HourRange;
use bionicpro_sources::{CellRequest, ChangesConfig, ChipScope, Cut, Since};
use bionicpro_testing::property;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::table::{Place, Table, read};

/// The default number of cases: few, because each has its own database.
const CASES: u32 = 24;
const CHIPS: u8 = 5;
const HOURS: i64 = 30;
const MINUTES: i64 = HOURS * 60;

#[derive(Debug, Clone)]
struct Case {
    indexes: u8,
    with_zone: bool,
    connections: u16,
    /// (chip, minute)
    old: Vec<(u8, i64)>,
    new: Vec<(u8, i64)>,
    within: (i64, i64),
    range: Option<(i64, i64)>,
    scopes: Vec<(u8, i64, i64)>,
    siblings: Vec<(u8, u8)>,
    cuts: Vec<(u8, i64)>,
}

fn hours() -> impl Strategy<Value = (i64, i64)> {
    (0..HOURS, 1..HOURS).prop_map(|(from, length)| (from, (from + length).min(HOURS)))
}

fn moves() -> impl Strategy<Value = Vec<(u8, i64)>> {
    // Often on the hour and at its edges.
    let minute = prop_oneof![
        0..MINUTES,
        (0..HOURS).prop_map(|hour| hour * 60),
        (1..=HOURS).prop_map(|hour| hour * 60 - 1)
    ];
    prop::collection::vec((0..CHIPS, minute), 0..60)
}

fn case() -> impl Strategy<Value = Case> {
    let table = (0_u8..4, any::<bool>(), 1_u16..4);
    let rows = (moves(), moves());
    let wanted = (
        prop_oneof![3 => Just((0, HOURS)), 1 => hours()],
        prop::option::of(hours()),
        prop::collection::vec((0..CHIPS, hours()).prop_map(|(chip, (from, to))| (chip, from, to)), 0..4),
        prop::collection::vec((0..CHIPS, 0..CHIPS), 0..3),
        prop::collection::vec((0..CHIPS, 0..MINUTES), 0..8),
    );
    (table, rows, wanted).prop_map(
        |((indexes, with_zone, connections), (old, new), (within, range, scopes, siblings, cuts))| Case {
            indexes,
            with_zone,
            connections,
            old,
            new,
            within,
            range,
            scopes,
            siblings,
            cuts,
        },
    )
}

fn begin() -> DateTime<Utc> {
    "2024-01-15T20:00:00Z".parse().unwrap()
}

fn at(minute: i64) -> DateTime<Utc> {
    begin() + TimeDelta::minutes(minute)
}

fn range((from, to): (i64, i64)) -> HourRange {
    HourRange::new(at(from * 60), at(to * 60)).unwrap()
}

fn chip(number: u8) -> String {
    format!("CHIP-{number}")
}

impl Case {
    fn table(&self) -> String {
        let index = |columns| format!("CREATE INDEX ON telemetry.raw_telemetry ({columns});");
        let by_time = if self.indexes & 1 == 0 { index("event_time") } else { String::new() };
        let by_chip = if self.indexes & 2 == 0 { index("chip_id, event_time") } else { String::new() };
        format!(
            "SET TimeZone = 'UTC'; DROP TABLE telemetry.raw_telemetry; CREATE TABLE telemetry.raw_telemetry (
                 chip_id varchar(20), event_time {}, response_time_ms integer, battery_level real, error_code text,
                 inserted_by xid8 DEFAULT pg_current_xact_id()); {by_time} {by_chip} {}",
            if self.with_zone { "timestamptz" } else { "timestamp" },
            index("inserted_by"),
        )
    }

    fn insert(moves: &[(u8, i64)]) -> String {
        let row = |(of, minute): &(u8, i64)| format!("('{}', '{}')", chip(*of), at(*minute).naive_utc());
        let rows: Vec<String> = moves.iter().map(row).collect();
        match rows.is_empty() {
            true => String::new(),
            false => format!("SET TimeZone = 'UTC'; {}", crate::table::insert(&rows.join(","))),
        }
    }

    /// The requested (chip, hour) pairs, by brute force.
    fn cells(&self) -> BTreeSet<(u8, i64)> {
        let mut of_chips: BTreeSet<(u8, i64)> =
            self.new.iter().map(|(chip, minute)| (*chip, minute / 60)).collect();
        for (chip, from, to) in &self.scopes {
            of_chips.extend((*from..*to).map(|hour| (*chip, hour)));
        }
        // Until no pair adds anything.
        loop {
            let before = of_chips.len();
            for (one, other) in self.siblings.iter().flat_map(|(one, other)| [(one, other), (other, one)]) {
                let same: Vec<_> = of_chips
                    .iter()
                    .filter(|(chip, _)| chip == one)
                    .map(|(_, hour)| (*other, *hour))
                    .collect();
                of_chips.extend(same);
            }
            if of_chips.len() == before {
                break;
            }
        }
        let (from, to) = self.range.unwrap_or((0, 0));
        of_chips.extend((0..CHIPS).flat_map(|chip| (from..to).map(move |hour| (chip, hour))));
        of_chips.retain(|(_, hour)| (self.within.0..self.within.1).contains(hour));
        of_chips
    }

    /// Movements by the beginning of their part.
    fn expected(&self) -> BTreeMap<Place, i64> {
        let cells = self.cells();
        let mut expected = BTreeMap::new();
        for (of, minute) in self.old.iter().chain(&self.new) {
            let hour = minute / 60;
            if !cells.contains(&(*of, hour)) {
                continue;
            }
            let cuts = self.cuts.iter().filter(|(cut, at)| cut == of && at / 60 == hour && at <= minute);
            let from = cuts.map(|(_, at)| *at).max().unwrap_or(hour * 60);
            let place = (at(from).format("%Y-%m-%d %H:%M:%S").to_string(), chip(*of));
            *expected.entry(place).or_default() += 1;
        }
        expected
    }
}

async fn what_is_wanted_comes_once(case: &Case) -> Result<(), TestCaseError> {
    let mut table = Table::new(ChangesConfig::TransactionColumn).await;
    table.config.connections = case.connections;
    table.sql(&case.table()).await;
    table.sql(&Case::insert(&case.old)).await;
    let baseline = table.baseline().await;
    table.sql(&Case::insert(&case.new)).await;
    let telemetry = table.open().await;
    let new = match telemetry.since(&baseline).await.unwrap() {
        Since::New(new) => Some(new),
        Since::Nothing => None,
        Since::Lost(why) => panic!("{why}"),
    };
    prop_assert_eq!(new.as_ref().map_or(0, |new| new.rows), case.new.len() as u64);
    let wanted = CellRequest {
        within: range(case.within),
        range: case.range.map(range),
        new,
        scopes: case
            .scopes
            .iter()
            .map(|(of, from, to)| ChipScope { chip_id: chip(*of), range: range((*from, *to)) })
            .collect(),
        siblings: case.siblings.iter().map(|(one, other)| (chip(*one), chip(*other))).collect(),
        cuts: case.cuts.iter().map(|(of, minute)| Cut { chip_id: chip(*of), at: at(*minute) }).collect(),
        left_out: None,
    };
    let found = read(&telemetry, &wanted).await;
    prop_assert_eq!(found, case.expected());
    Ok(())
}

#[test]
fn the_cells_that_come_are_those_that_are_wanted() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/property.regressions");
    property::holds(&case(), CASES, kept, async |value| what_is_wanted_comes_once(&value).await);
}
