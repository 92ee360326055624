//! A person: the user id, the prostheses and the hours that have data, without the values of the hours.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::Presence;
use crate::columns::order;

/// A person, as the warehouse stores them under a login name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The id of the user with the login name; `None` if there is no such user.
    pub user_id: Option<Uuid>,
    /// The prostheses that the person has now, by model and id.
    pub prostheses: Vec<Prosthesis>,
    /// The hours that have data.
    pub presence: Presence,
}

impl Person {
    /// Creates a person with these prostheses, in any order.
    pub fn new(user_id: Option<Uuid>, mut prostheses: Vec<Prosthesis>, presence: Presence) -> Self {
        prostheses.sort_by(|a, b| {
            let order = |own: &Prosthesis| order(own.prosthesis_id);
            a.prosthesis_model.cmp(&b.prosthesis_model).then_with(|| order(a).cmp(&order(b)))
        });
        Person { user_id, prostheses, presence }
    }
}

/// A prosthesis that a person has now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prosthesis {
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// Its chip.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
    /// The day of its manufacture; `None` if unknown.
    pub manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; `None` if unknown.
    pub warranty_until: Option<NaiveDate>,
    /// The beginning of the ownership; 1970-01-01 if it began before the records, `None` if unknown.
    pub owned_since: Option<DateTime<Utc>>,
    /// The end of the ownership; `None` while it lasts.
    pub owned_until: Option<DateTime<Utc>>,
}
