//! What is known of a person without any hour's numbers.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::Presence;
use crate::columns::order;

/// A person as the warehouse knows them by a login name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Whose the login name is; none where it is nobody's.
    pub user_id: Option<Uuid>,
    /// The prostheses that the person has now, by model and id.
    pub prostheses: Vec<Prosthesis>,
    /// Which hours have data.
    pub presence: Presence,
}

impl Person {
    /// The person with these prostheses, in any order.
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
    /// When it was made; none when unknown.
    pub manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; none when unknown.
    pub warranty_until: Option<NaiveDate>,
    /// Since when the person has it; 1970-01-01 for an owner from before the records, none when unknown.
    pub owned_since: Option<DateTime<Utc>>,
    /// Until when; none while it lasts.
    pub owned_until: Option<DateTime<Utc>>,
}
