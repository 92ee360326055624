//! The prostheses that a person has or had, and the hours of their data.

use bionicpro_model::{Result, Username};
use bionicpro_reports::Person;
use chrono::{DateTime, NaiveDate, Utc};
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::MartReader;

/// A prosthesis that a person has now, or a former one of which the person has data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Row, Deserialize)]
pub struct OwnedProsthesis {
    /// The person who has or had it.
    #[serde(with = "clickhouse::serde::uuid")]
    pub user_id: Uuid,
    /// The prosthesis.
    #[serde(with = "clickhouse::serde::uuid")]
    pub prosthesis_id: Uuid,
    /// Its chip; for a former prosthesis, the last chip that it had while the person's.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Its serial number; empty if unknown or no longer the person's.
    pub serial_number: String,
    /// The date of manufacture of a present prosthesis; `None` if unknown.
    #[serde(with = "clickhouse::serde::chrono::date::option")]
    pub manufactured_on: Option<NaiveDate>,
    /// The last day of the warranty of a present prosthesis; `None` if unknown.
    #[serde(with = "clickhouse::serde::chrono::date::option")]
    pub warranty_until: Option<NaiveDate>,
    /// True if the person has it now.
    pub is_current: bool,
    /// The start of the person's current or last ownership; 1970-01-01 for an owner from before the records.
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub owned_since: Option<DateTime<Utc>>,
    /// The end of that ownership; `None` while it lasts.
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    pub owned_until: Option<DateTime<Utc>>,
    /// The person's first hour with a movement of the prosthesis.
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    pub first_hour: Option<DateTime<Utc>>,
    /// The person's last hour with a movement of the prosthesis.
    #[serde(with = "clickhouse::serde::chrono::datetime::option")]
    pub last_hour: Option<DateTime<Utc>>,
}

impl OwnedProsthesis {
    /// Returns the prostheses of a person who has data of present ones only, as nearly everyone; `None` for
    /// others.
    pub fn of_person(person: &Person) -> Option<Vec<Self>> {
        let is_present = |id| person.prostheses.iter().any(|own| own.prosthesis_id == id);
        let user_id = person.user_id.filter(|_| person.presence.prostheses().all(is_present))?;
        let mut owned: Vec<_> = person
            .prostheses
            .iter()
            .map(|own| OwnedProsthesis {
                user_id,
                prosthesis_id: own.prosthesis_id,
                chip_id: own.chip_id.clone(),
                prosthesis_model: own.prosthesis_model.clone(),
                serial_number: own.serial_number.clone(),
                manufactured_on: own.manufactured_on,
                warranty_until: own.warranty_until,
                is_current: true,
                owned_since: own.owned_since,
                owned_until: own.owned_until,
                first_hour: person.presence.first_hour(Some(own.prosthesis_id)),
                last_hour: person.presence.last_hour(Some(own.prosthesis_id)),
            })
            .collect();
        // A stable sort: ordered by model and id within an hour.
        owned.sort_by_key(|own| std::cmp::Reverse(own.last_hour));
        Some(owned)
    }
}

impl MartReader {
    /// Returns the prostheses of the person, present ones first.
    pub async fn owned(&self, username: &Username) -> Result<Vec<OwnedProsthesis>> {
        let query = self.own(include_str!("owned.sql"), username).await?;
        self.run("reading the prostheses", query.fetch_all::<OwnedProsthesis>()).await
    }
}
