//! The owners of chips over time, indexed in memory for one lookup per cell.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use bionicpro_model::{Condition, Error, Kind, Result};
use chrono::{DateTime, Utc};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use uuid::Uuid;

use crate::files::crm::{CrmRow, uuid_bytes};
use crate::files::owners::Owners;
use crate::owners::Holding;

pub(super) const HOUR_US: i64 = 3_600_000_000;

/// The mart's columns that describe an owner, as column values of the file.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) holding: Holding,
    pub(crate) user_id: FixedLenByteArray,
    pub(crate) prosthesis_id: FixedLenByteArray,
    pub(crate) ldap_username: ByteArray,
    pub(crate) customer_name: ByteArray,
    pub(crate) customer_email: ByteArray,
    pub(crate) prosthesis_model: ByteArray,
    /// True if the same person's prosthesis has or had another chip too, or the same chip at another time.
    pub(crate) has_several_intervals: bool,
    /// True if rows of this person's prosthesis may have to be hidden.
    pub(crate) may_lose_rows: bool,
}

/// A period in microseconds since 1970, the end not included.
struct Interval<T> {
    from: i64,
    to: i64,
    of: T,
}

/// The present and the former owners by chip.
pub(crate) struct Directory {
    chips: HashMap<Vec<u8>, Vec<Interval<Rc<Owner>>>>,
    former: HashMap<Vec<u8>, Vec<Interval<Holding>>>,
}

impl Directory {
    /// Joins the ownership intervals with the customers.
    ///
    /// # Errors
    /// `Data` if a customer is in one file but not in the other.
    pub(crate) fn new(people: &[CrmRow], owners: &Owners) -> Result<Directory> {
        let persons: HashMap<Uuid, &CrmRow> = people.iter().map(|row| (row.user_id, row)).collect();
        let models = models(people, owners);
        let mut intervals_of: HashMap<Holding, u32> = HashMap::new();
        for (interval, _) in &owners.intervals {
            *intervals_of.entry(Holding::of(interval)).or_default() += 1;
        }
        let losing: HashSet<Holding> = owners.was.iter().map(|was| was.holding).collect();
        let mut known: HashMap<Holding, Rc<Owner>> = HashMap::new();
        let mut chips: HashMap<Vec<u8>, Vec<Interval<Rc<Owner>>>> = HashMap::new();
        for (interval, is_customer) in &owners.intervals {
            let person = persons.get(&interval.user_id);
            if person.is_some() != *is_customer {
                return Err(changed(interval.user_id));
            }
            let Some(person) = person else { continue };
            let holding = Holding::of(interval);
            let owner = known.entry(holding).or_insert_with(|| {
                let model = models.get(&holding.prosthesis_id).copied().unwrap_or_default();
                Rc::new(Owner {
                    holding,
                    user_id: uuid_bytes(holding.user_id),
                    prosthesis_id: uuid_bytes(holding.prosthesis_id),
                    ldap_username: ByteArray::from(person.ldap_username.as_str()),
                    customer_name: ByteArray::from(person.customer_name.as_str()),
                    customer_email: ByteArray::from(person.customer_email.as_str()),
                    prosthesis_model: ByteArray::from(model),
                    has_several_intervals: intervals_of.get(&holding).is_some_and(|count| *count > 1),
                    may_lose_rows: losing.contains(&holding),
                })
            });
            chips.entry(interval.chip_id.as_bytes().to_vec()).or_default().push(Interval {
                from: interval.valid_from.timestamp_micros(),
                to: interval.valid_to.map_or(i64::MAX, micros),
                of: owner.clone(),
            });
        }
        let mut former: HashMap<Vec<u8>, Vec<Interval<Holding>>> = HashMap::new();
        for was in &owners.was {
            former.entry(was.chip_id.as_bytes().to_vec()).or_default().push(Interval {
                from: micros(was.from),
                to: micros(was.to),
                of: was.holding,
            });
        }
        Ok(Directory { chips, former })
    }

    /// Returns the owner of the chip at an instant.
    pub(crate) fn owner(&self, chip: &[u8], at: i64) -> Option<&Rc<Owner>> {
        let intervals = self.chips.get(chip)?;
        intervals.iter().find(|interval| interval.from <= at && at < interval.to).map(|interval| &interval.of)
    }

    /// Returns the owners for whom the chip counted in that hour, and perhaps no longer does.
    pub(crate) fn former(&self, chip: &[u8], hour: i64) -> impl Iterator<Item = Holding> + '_ {
        let intervals = self.former.get(chip).into_iter().flatten();
        intervals
            .filter(move |interval| interval.from < hour + HOUR_US && hour < interval.to)
            .map(|interval| interval.of)
    }
}

/// Returns the model of each prosthesis: the CRM's, or that of its newest interval if the CRM no longer has
/// it.
fn models<'a>(people: &'a [CrmRow], owners: &'a Owners) -> HashMap<Uuid, &'a str> {
    let mut by_age: Vec<_> = owners.intervals.iter().map(|(interval, _)| interval).collect();
    by_age.sort_by_key(|interval| (interval.valid_to.is_none(), interval.valid_from));
    let former = by_age.into_iter().map(|of| (of.prosthesis_id, of.prosthesis_model.as_str()));
    let now = people.iter().filter_map(|row| Some((row.prosthesis_id?, row.prosthesis_model.as_deref()?)));
    former.chain(now).collect()
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn changed(customer: Uuid) -> Error {
    Error::new(Kind::Data, "the CRM changed since it was extracted")
        .condition(Condition::InputOutdated)
        .detail(format!("customer {customer} was added or removed between the two extractions"))
        .hint(
            "run both extractions of this run again, then the steps after them; `etl run` does so by itself",
        )
}
