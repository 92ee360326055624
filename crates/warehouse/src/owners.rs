//! Who owned a chip when: the history that the CRM itself does not keep.

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Warehouse;

/// One interval during which one person's prosthesis held a chip.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ownership {
    /// The chip.
    pub chip_id: String,
    /// From when; 1970-01-01 for the first owner ever seen. Microseconds count.
    pub valid_from: DateTime<Utc>,
    /// Until when, not included; none while it lasts.
    pub valid_to: Option<DateTime<Utc>>,
    /// The owner.
    pub user_id: Uuid,
    /// The owner's prosthesis.
    pub prosthesis_id: Uuid,
    /// Its model's name, kept because the CRM forgets prostheses that it deletes.
    pub prosthesis_model: String,
}

/// Reads the whole history, by chip and time.
///
/// `extract_crm_data` calls it before it compares with the CRM. On a database without any load it is empty.
///
/// # Errors
/// `Unreachable`, or `Data` when the schema lacks the table.
pub async fn read(_warehouse: &Warehouse) -> Result<Vec<Ownership>> {
    Err(Error::new(Kind::Internal, "not built yet"))
}
