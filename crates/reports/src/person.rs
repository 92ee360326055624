//! What is known of a person without any hour's numbers.

use uuid::Uuid;

use crate::Presence;

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
}
