//! The people of a fleet and their prostheses: the rows of the CRM, and each chip's wearer and habit.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::dice::Dice;
use crate::habits::Habit;
use crate::names::CULTURES;

/// A person with a row in the CRM.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) ldap_username: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A prosthesis model on sale.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) warranty_years: i32,
}

/// A prosthesis in the CRM.
#[derive(Debug, Clone)]
pub(crate) struct Prosthesis {
    pub(crate) id: Uuid,
    pub(crate) customer: usize,
    pub(crate) model: usize,
    pub(crate) chip_id: String,
    pub(crate) serial_number: String,
    pub(crate) manufacture_date: NaiveDate,
    pub(crate) created_at: DateTime<Utc>,
}

/// A chip that sends telemetry, with or without an owner in the CRM.
#[derive(Debug, Clone)]
pub(crate) struct Chip {
    /// Its number in the fleet, from which its dice are seeded.
    pub(crate) number: u64,
    pub(crate) chip_id: String,
    pub(crate) utc_offset_h: i8,
    pub(crate) habit: Habit,
    /// The response time of a rested hand with a full battery, in milliseconds.
    pub(crate) base_response_ms: i32,
}

/// A whole fleet: the same for the same seed, number of people and end.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) seed: u64,
    pub(crate) customers: Vec<Customer>,
    pub(crate) models: Vec<Model>,
    pub(crate) prostheses: Vec<Prosthesis>,
    pub(crate) chips: Vec<Chip>,
}

/// The accounts that always exist: login name, name, and true if the person wears a prosthesis.
const DEMO_ACCOUNTS: &[(&str, &str, bool)] = &[
    ("ivan.petrov", "Иван Петров", true),
    ("john.mueller", "John Müller", true),
    ("maria.sidorova", "Мария Сидорова", false),
    ("anna.schmidt", "Anna Schmidt", false),
    ("alexey.kozlov", "Алексей Козлов", false),
];

const MODELS: &[(&str, &str, i32)] = &[
    ("BionicPRO Hand X1", "Five fingers, nine grips", 3),
    ("BionicPRO Hand X2 Lite", "Light, for small hands", 3),
    ("BionicPRO Arm S", "Elbow and hand with rotation", 5),
    ("BionicPRO Sport", "Waterproof, for training", 2),
];

const PEOPLE: u64 = 1;
const LOOSE_CHIPS: u64 = 2;

/// The time zone of the demo accounts, fixed so that a demonstration shows an ordinary day.
const DEMO_UTC_OFFSET_H: i8 = 3;

impl Fleet {
    /// Generates `users` people, including the demo accounts.
    pub(crate) fn new(seed: u64, users: u32, until: DateTime<Utc>) -> Self {
        let mut models_dice = Dice::new(seed, &[0]);
        let models = MODELS
            .iter()
            .map(|&(name, description, warranty_years)| Model {
                id: models_dice.uuid(),
                name,
                description,
                warranty_years,
            })
            .collect();
        let mut fleet =
            Fleet { seed, customers: Vec::new(), models, prostheses: Vec::new(), chips: Vec::new() };
        let mut logins = HashSet::new();
        for (number, &(login, name, wears)) in (0..).zip(DEMO_ACCOUNTS) {
            logins.insert(login.to_owned());
            let mut dice = Dice::new(seed, &[PEOPLE, number]);
            let customer = customer(&mut dice, name.to_owned(), login, Some(login.to_owned()), until);
            fleet.customers.push(customer);
            if wears {
                fleet.add_prosthesis(&mut dice, DEMO_UTC_OFFSET_H, Habit::Office, until);
            }
        }
        for number in fleet.customers.len() as u64..u64::from(users) {
            fleet.add_person(&mut Dice::new(seed, &[PEOPLE, number]), &mut logins, until);
        }
        // Chips without an owner: shipped, or worn in the clinic, but not yet in the CRM.
        for number in 0..(fleet.chips.len() as u64).div_ceil(50) {
            let mut dice = Dice::new(seed, &[LOOSE_CHIPS, number]);
            fleet.add_chip(&mut dice, format!("CHIP-9{number:05}"), 3, Habit::Retired);
        }
        fleet
    }

    fn add_person(&mut self, dice: &mut Dice, logins: &mut HashSet<String>, until: DateTime<Utc>) {
        let culture = match dice.below(100) {
            0..45 => &CULTURES[0],
            45..85 => &CULTURES[1],
            85..93 => &CULTURES[2],
            _ => &CULTURES[3],
        };
        let (given, family) = (dice.pick(culture.given), dice.pick(culture.family));
        let mut login = format!("{}.{}", given.1, family.1);
        let mut namesakes = 1;
        while !logins.insert(login.clone()) {
            namesakes += 1;
            login = format!("{}.{}{namesakes}", given.1, family.1);
        }
        let account = (!dice.chance(800)).then(|| login.clone());
        let customer = customer(dice, format!("{} {}", given.0, family.0), &login, account, until);
        self.customers.push(customer);
        let prostheses = match dice.below(100) {
            0..12 => 0,
            12..93 => 1,
            _ => 2,
        };
        let offset = *dice.pick(culture.utc_offsets);
        let habit = match dice.below(100) {
            0..45 => Habit::Office,
            45..60 => Habit::Craft,
            60..68 => Habit::NightShift,
            68..88 => Habit::Retired,
            88..97 => Habit::Sport,
            _ => Habit::Drawer,
        };
        for _ in 0..prostheses {
            self.add_prosthesis(dice, offset, habit, until);
        }
    }

    fn add_prosthesis(&mut self, dice: &mut Dice, utc_offset_h: i8, habit: Habit, until: DateTime<Utc>) {
        let number = self.chips.len();
        let age = TimeDelta::days(i64::from(dice.between(60, 1500)));
        let prosthesis = Prosthesis {
            id: dice.uuid(),
            customer: self.customers.len() - 1,
            model: *dice.pick(&[0, 0, 0, 1, 1, 2, 3]),
            chip_id: format!("CHIP-{number:06}"),
            serial_number: format!("SN-{:08X}", dice.next() >> 32),
            manufacture_date: (until - age).date_naive(),
            created_at: until - age + TimeDelta::days(20) + TimeDelta::seconds(i64::from(dice.below(86_400))),
        };
        let chip_id = prosthesis.chip_id.clone();
        self.prostheses.push(prosthesis);
        self.add_chip(dice, chip_id, utc_offset_h, habit);
    }

    fn add_chip(&mut self, dice: &mut Dice, chip_id: String, utc_offset_h: i8, habit: Habit) {
        let number = self.chips.len() as u64;
        let base_response_ms = i32::try_from(dice.between(34, 52)).unwrap_or(40);
        self.chips.push(Chip { number, chip_id, utc_offset_h, habit, base_response_ms });
    }
}

fn customer(
    dice: &mut Dice,
    name: String,
    login: &str,
    ldap_username: Option<String>,
    until: DateTime<Utc>,
) -> Customer {
    let created_at = until - TimeDelta::seconds(i64::from(dice.between(90 * 86_400, 1600 * 86_400)));
    let since = u32::try_from((until - created_at).num_seconds()).unwrap_or(1);
    Customer {
        id: dice.uuid(),
        name,
        email: format!("{login}@{}", dice.pick(&["example.com", "example.org", "mail.example.net"])),
        ldap_username,
        phone: (!dice.chance(1500))
            .then(|| format!("+7 900 {:03} {:04}", dice.below(1000), dice.below(10_000))),
        created_at,
        updated_at: created_at + TimeDelta::seconds(i64::from(dice.below(since))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_people_and_a_larger_fleet_keeps_them() {
        let until = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let small = Fleet::new(7, 60, until);
        let large = Fleet::new(7, 600, until);
        for (one, other) in small.customers.iter().zip(&large.customers) {
            assert_eq!((one.id, &one.email, &one.name), (other.id, &other.email, &other.name));
        }
        assert_ne!(small.customers[5].id, Fleet::new(8, 60, until).customers[5].id);
    }

    #[test]
    fn the_fleet_has_all_kinds_of_people() {
        let fleet = Fleet::new(1, 1000, DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        assert_eq!(fleet.customers.len(), 1000);
        let owned = |customer: usize| fleet.prostheses.iter().filter(|one| one.customer == customer).count();
        for (customer, &(login, _, wears)) in DEMO_ACCOUNTS.iter().enumerate() {
            assert_eq!(fleet.customers[customer].ldap_username.as_deref(), Some(login));
            assert_eq!(owned(customer), usize::from(wears), "{login}");
        }
        let counts: Vec<usize> = (0..1000).map(owned).collect();
        for (prostheses, expected) in [(0, 80..180), (1, 740..900), (2, 40..120)] {
            let people = counts.iter().filter(|&&count| count == prostheses).count();
            assert!(expected.contains(&people), "{people} with {prostheses}");
        }
        assert!(fleet.chips.len() > fleet.prostheses.len(), "some chips have no owner");
        assert!(fleet.customers.iter().any(|customer| customer.ldap_username.is_none()));
        let unique: HashSet<_> = fleet.customers.iter().map(|customer| &customer.email).collect();
        assert_eq!(unique.len(), 1000);
    }
}
