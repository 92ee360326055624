//! The expected contents of the warehouse: telemetry and CRM change, loads bring the changes, and the greater
//! version wins.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::HourRange;
use bionicpro_warehouse::load::{Dimensions, Former, Tombstones, UserProsthesisRow, UserRow};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::support::{Cell, Person, at};

/// Login names. There are more names than people, so some belong to no one.
pub(super) const NAMES: [&str; 7] = ["anna", "boris", "clara", "dmitri", "elena", "fedor", "galina"];
pub(super) const PEOPLE: usize = 5;
pub(super) const PROSTHESES: usize = 6;
/// The hours of two days, one on each side of the end of a month.
pub(super) const HOURS: i64 = 48;
/// An hour of the second month, outside these days, in which each person has a row that fills half a cache.
const BALLAST_HOUR: i64 = 480;
/// The chip of such a row, before the loader makes it long.
pub(super) const BALLAST: &str = "ballast";

/// The clock advances by this much between two runs. It is more than the increase of versions when rows are
/// restated.
const STEP: u64 = 1_000_000;

/// The key of a row: its person, its prosthesis, its hour. A person's ballast belongs to a prosthesis of its
/// own, numbered after all others.
pub(super) type Key = (usize, usize, i64);

/// The contents of the CRM.
#[derive(Clone, PartialEq)]
struct Crm {
    /// The name of each person; `None` for a person without a name.
    names: Vec<Option<usize>>,
    is_known: Vec<bool>,
    /// The owner of each prosthesis.
    owners: Vec<Option<usize>>,
}

/// The contents of the warehouse that are visible at a moment.
#[derive(Clone, PartialEq)]
pub(super) struct State {
    /// The live rows, each with the number of the change that made it.
    pub(super) rows: BTreeMap<Key, u32>,
    /// The person of each name.
    pub(super) names: Vec<Option<usize>>,
    /// The owner of each prosthesis.
    pub(super) owners: Vec<Option<usize>>,
}

/// A load.
pub(super) struct Load {
    pub(super) version: u64,
    /// True if it replaces both days.
    pub(super) is_range: bool,
    /// Rows with their numbers, and tombstones without.
    pub(super) rows: BTreeMap<Key, Option<u32>>,
    pub(super) hides: Tombstones,
    pub(super) dimensions: Dimensions,
    crm: Crm,
}

/// The sources and the warehouse.
pub(super) struct World {
    pub(super) people: Vec<Person>,
    number: u32,
    /// The number of further runs for which the clock is behind, and by how many steps.
    behind: (u32, u64),
    /// The telemetry: by prosthesis and hour, the number of the newest change.
    cells: BTreeMap<(usize, i64), u32>,
    /// The owner of each prosthesis in each hour.
    owned: Vec<Vec<Option<usize>>>,
    crm: Crm,
    /// Every row that was written, merged by the mart's rule.
    written: BTreeMap<Key, (u64, Option<u32>)>,
    /// The newest version at which both days are complete.
    completed: u64,
    stored: Crm,
    stored_at: u64,
    state: State,
}

impl World {
    pub(super) fn new() -> World {
        let people = (0..PEOPLE).map(|person| Person::new(&format!("{person}-person"), PROSTHESES));
        let nobody =
            Crm { names: vec![None; PEOPLE], is_known: vec![false; PEOPLE], owners: vec![None; PROSTHESES] };
        let owners: Vec<Option<usize>> =
            (0..PROSTHESES).map(|prosthesis| Some(prosthesis % PEOPLE)).collect();
        let crm = Crm {
            names: (0..PEOPLE).map(Some).collect(),
            is_known: vec![true; PEOPLE],
            owners: owners.clone(),
        };
        let hours = usize::try_from(HOURS).unwrap();
        World {
            people: people.collect(),
            number: 0,
            behind: (0, 0),
            cells: BTreeMap::new(),
            owned: owners.into_iter().map(|owner| vec![owner; hours]).collect(),
            crm,
            written: BTreeMap::new(),
            completed: 0,
            stored: nobody,
            stored_at: 0,
            state: State {
                rows: BTreeMap::new(),
                names: vec![None; NAMES.len()],
                owners: vec![None; PROSTHESES],
            },
        }
    }

    pub(super) fn hour(hour: i64) -> DateTime<Utc> {
        at("2024-01-31T00:00:00Z") + TimeDelta::hours(hour)
    }

    /// Returns the id of a prosthesis, regardless of its owner.
    pub(super) fn prosthesis(&self, prosthesis: usize) -> uuid::Uuid {
        match prosthesis.checked_sub(PROSTHESES) {
            None => self.people[0].prostheses[prosthesis],
            Some(person) => self.people[person].id,
        }
    }

    /// Returns the row of a key. Its movements encode the person in an octal digit and the number of the
    /// change above all these digits; its errors encode the prosthesis.
    pub(super) fn cell(&self, (person, prosthesis, hour): Key, number: u32) -> Cell {
        let is_ballast = prosthesis >= PROSTHESES;
        Cell {
            name: self.crm.names[person].map_or_else(String::new, |name| NAMES[name].to_owned()),
            prosthesis_id: self.prosthesis(prosthesis),
            chip: if is_ballast { BALLAST.to_owned() } else { format!("CHIP-{prosthesis}") },
            model: format!("Hand {prosthesis}"),
            movements: movements(person, number),
            errors: errors(prosthesis),
            ..self.people[person].cell(1, World::hour(hour))
        }
    }

    /// Returns the first load: the ballast, and the dimensions.
    pub(super) fn first(&mut self) -> Load {
        self.number += 1;
        let key = |person| (person, PROSTHESES + person, BALLAST_HOUR);
        let rows = (0..PEOPLE).map(|person| (key(person), Some(self.number))).collect();
        self.load(STEP, false, rows, Tombstones::default())
    }

    /// Changes the sources, and returns a load that brings some of the changes.
    pub(super) fn next(&mut self, random: &mut StdRng) -> Load {
        self.number += 1;
        let version = self.clock(random);
        let mut hides = Tombstones::default();
        let mut touched = BTreeSet::new();
        match random.random_range(0..100) {
            0..30 => {}
            30..45 => self.move_prosthesis(&mut hides, &mut touched, random),
            45..85 => self.move_name(random),
            85..92 => self.leave(&mut hides, random),
            _ => self.come(random),
        }
        let (of, share) = match random.random_range(0..100) {
            kind if self.number > 2 && kind < 50 => {
                (Some((random.random_range(0..PROSTHESES), random.random_range(0..2))), 0.5)
            }
            kind if self.number > 2 && kind >= 80 => (None, 0.0),
            _ => (None, 0.2),
        };
        for (prosthesis, hour) in cells() {
            let is_of = of.is_none_or(|of| of == (prosthesis, hour / 24));
            if is_of && (self.number <= 2 || random.random_bool(share)) {
                match random.random_bool(0.8) {
                    true => self.cells.insert((prosthesis, hour), self.number),
                    false => self.cells.remove(&(prosthesis, hour)),
                };
                touched.insert((prosthesis, hour));
            }
        }
        match random.random_range(0..100) {
            kind if self.number == 2 || kind < 40 => {
                let rows = cells().filter_map(|cell| self.row(cell).filter(|(_, number)| number.is_some()));
                let mut rows: BTreeMap<Key, Option<u32>> = rows.collect();
                if self.number == 2 {
                    rows.retain(|_, _| random.random_bool(0.9));
                }
                self.load(version, true, rows, hides)
            }
            40..90 => {
                let rows = touched.into_iter().filter_map(|cell| self.row(cell)).collect();
                self.load(version, false, rows, hides)
            }
            // The changes of the telemetry are brought by a later load, or never.
            _ => self.load(version, false, BTreeMap::new(), hides),
        }
    }

    /// Returns a load that brings both days and the CRM as they are, with a correct clock.
    pub(super) fn last(&mut self) -> Load {
        self.number += 1;
        let rows = cells().filter_map(|cell| self.row(cell).filter(|(_, number)| number.is_some())).collect();
        self.load(u64::from(self.number) * STEP, true, rows, Tombstones::default())
    }

    /// Returns the version of a run. A clock that steps back stays behind for some runs.
    fn clock(&mut self, random: &mut StdRng) -> u64 {
        let number = u64::from(self.number);
        if self.behind.0 > 0 {
            self.behind.0 -= 1;
        } else if number > 3 && random.random_bool(0.12) {
            self.behind = (random.random_range(0..3), random.random_range(2..6));
        } else {
            return number * STEP;
        }
        // The versions of runs at the same clock time differ.
        number.saturating_sub(self.behind.1).max(1) * STEP + number * 1_000
    }

    fn load(
        &self,
        version: u64,
        is_range: bool,
        rows: BTreeMap<Key, Option<u32>>,
        hides: Tombstones,
    ) -> Load {
        Load { version, is_range, rows, hides, dimensions: self.dimensions(), crm: self.crm.clone() }
    }

    /// Returns the telemetry of a prosthesis's hour under its owner in that hour; `None` without an owner.
    fn row(&self, cell: (usize, i64)) -> Option<(Key, Option<u32>)> {
        let owner = self.owned[cell.0][usize::try_from(cell.1).unwrap()]?;
        Some(((owner, cell.0, cell.1), self.cells.get(&cell).copied()))
    }

    fn somebody(&self, random: &mut StdRng) -> usize {
        let known: Vec<usize> = (0..PEOPLE).filter(|person| self.crm.is_known[*person]).collect();
        known[random.random_range(0..known.len())]
    }

    /// Moves a prosthesis to another person from an hour on.
    fn move_prosthesis(
        &mut self,
        hides: &mut Tombstones,
        touched: &mut BTreeSet<(usize, i64)>,
        random: &mut StdRng,
    ) {
        let (prosthesis, begin) = (random.random_range(0..PROSTHESES), random.random_range(0..HOURS));
        let now = self.somebody(random);
        self.crm.owners[prosthesis] = Some(now);
        let range = HourRange::new(World::hour(begin), World::hour(HOURS)).unwrap();
        let hours = begin..HOURS;
        let of = |hour: i64| usize::try_from(hour).unwrap();
        let former: BTreeSet<usize> =
            hours.clone().filter_map(|hour| self.owned[prosthesis][of(hour)]).collect();
        for hour in hours {
            self.owned[prosthesis][of(hour)] = Some(now);
            touched.insert((prosthesis, hour));
        }
        let former = former.into_iter().filter(|person| *person != now);
        let prosthesis_id = self.prosthesis(prosthesis);
        let former = former.map(|person| Former { user_id: self.people[person].id, prosthesis_id, range });
        hides.former.extend(former);
    }

    /// Releases a name, or moves one. Its former holder then has no name, or the former name of the new
    /// holder.
    fn move_name(&mut self, random: &mut StdRng) {
        let person = self.somebody(random);
        let former = self.crm.names[person].take();
        if random.random_bool(0.2) {
            return;
        }
        let name = random.random_range(0..NAMES.len());
        if let Some(other) = self.crm.names.iter().position(|of| *of == Some(name)) {
            self.crm.names[other] = former.filter(|_| random.random());
        }
        self.crm.names[person] = Some(name);
    }

    /// Deletes a person.
    fn leave(&mut self, hides: &mut Tombstones, random: &mut StdRng) {
        let person = self.somebody(random);
        if self.crm.is_known.iter().filter(|is_known| **is_known).count() <= 2 {
            return;
        }
        self.crm.is_known[person] = false;
        self.crm.names[person] = None;
        let owners = self.crm.owners.iter_mut().chain(self.owned.iter_mut().flatten());
        for owner in owners.filter(|owner| **owner == Some(person)) {
            *owner = None;
        }
        hides.gone.push(self.people[person].id);
    }

    /// Makes a deleted person known again, with a name that no other person has, or without one.
    fn come(&mut self, random: &mut StdRng) {
        let Some(person) = self.crm.is_known.iter().position(|is_known| !is_known) else { return };
        self.crm.is_known[person] = true;
        let name = random.random_range(0..NAMES.len());
        self.crm.names[person] = Some(name).filter(|_| !self.crm.names.contains(&Some(name)));
    }

    fn dimensions(&self) -> Dimensions {
        let known = (0..PEOPLE).filter(|person| self.crm.is_known[*person]);
        let user = |person: usize| UserRow {
            user_id: self.people[person].id,
            ldap_username: self.crm.names[person].map_or_else(String::new, |name| NAMES[name].to_owned()),
            customer_name: format!("Name of {person}"),
            customer_email: format!("{person}@example.com"),
        };
        let owned = self.crm.owners.iter().enumerate();
        let owned = owned.filter_map(|(prosthesis, owner)| Some((prosthesis, (*owner)?)));
        let prosthesis = |(prosthesis, owner): (usize, usize)| UserProsthesisRow {
            user_id: self.people[owner].id,
            prosthesis_id: self.prosthesis(prosthesis),
            chip_id: format!("CHIP-{prosthesis}"),
            prosthesis_model: format!("Hand {prosthesis}"),
            serial_number: String::new(),
            manufactured_on: None,
            warranty_until: None,
        };
        Dimensions {
            users: known.map(user).collect(),
            prostheses: owned.map(prosthesis).collect(),
            owners: Vec::new(),
        }
    }

    /// Returns the contents that are visible now.
    pub(super) fn state(&self) -> State {
        self.state.clone()
    }

    /// Stores the rows of a load, and returns what is visible then.
    pub(super) fn store(&mut self, load: &Load) -> State {
        let is_former = |key: &Key, former: &Former| {
            self.people[key.0].id == former.user_id
                && self.prosthesis(key.1) == former.prosthesis_id
                && World::hour(key.2) >= former.range.from()
                && World::hour(key.2) < former.range.to()
        };
        let is_hidden = |key: &Key| {
            load.hides.gone.contains(&self.people[key.0].id)
                || load.hides.former.iter().any(|former| is_former(key, former))
        };
        let live = self.state.rows.keys().filter(|key| !load.rows.contains_key(key));
        let hidden: Vec<Key> = live.filter(|key| is_hidden(key)).copied().collect();
        let rows = load.rows.iter().map(|(key, number)| (*key, *number));
        for (key, number) in rows.chain(hidden.into_iter().map(|key| (key, None))) {
            let row = self.written.entry(key).or_insert((load.version, number));
            if row.0 <= load.version {
                *row = (load.version, number);
            }
        }
        if load.is_range {
            self.completed = self.completed.max(load.version);
        }
        let is_complete = |key: &Key| (0..HOURS).contains(&key.2);
        let live = self.written.iter().filter(|(key, row)| !is_complete(key) || row.0 >= self.completed);
        self.state.rows = live.filter_map(|(key, row)| Some((*key, row.1?))).collect();
        self.state()
    }

    /// Stores the dimensions of a load, and returns what is visible with the names, and then with the
    /// prostheses.
    pub(super) fn store_dimensions(&mut self, load: &Load) -> [State; 2] {
        if load.version >= self.stored_at {
            self.stored_at = load.version;
            self.stored = load.crm.clone();
        }
        let person = |name| self.stored.names.iter().position(|of| *of == Some(name));
        self.state.names = (0..NAMES.len()).map(person).collect();
        let named = self.state();
        self.state.owners.clone_from(&self.stored.owners);
        [named, self.state()]
    }
}

/// Returns every hour of the two days of every prosthesis.
fn cells() -> impl Iterator<Item = (usize, i64)> {
    (0..PROSTHESES).flat_map(|prosthesis| (0..HOURS).map(move |hour| (prosthesis, hour)))
}

const DIGIT: u32 = 8;
const DIGITS: u32 = DIGIT.pow(5);

pub(super) fn movements(person: usize, number: u32) -> u32 {
    number * DIGITS + DIGIT.pow(u32::try_from(person).unwrap())
}

pub(super) fn errors(prosthesis: usize) -> u32 {
    // Each prosthesis has a digit of its own, so the rows of several remain distinguishable in a sum.
    if prosthesis >= PROSTHESES { 0 } else { DIGIT.pow(u32::try_from(prosthesis).unwrap()) }
}

/// Returns the people whose rows are summed in the movements of an hour.
pub(super) fn people_of(movements: u64) -> impl Iterator<Item = usize> {
    let digit = move |person: &usize| {
        let digit = u64::from(DIGIT).pow(u32::try_from(*person).unwrap());
        movements % u64::from(DIGITS) / digit % u64::from(DIGIT)
    };
    (0..PEOPLE).filter(move |person| digit(person) > 0)
}

/// Returns the date of a day, given as the number of days since the first of the two.
pub(super) fn date(day: i64) -> NaiveDate {
    World::hour(day * 24).date_naive()
}
