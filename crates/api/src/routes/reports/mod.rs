//! `/api/reports`: one person's own reports. This module has the parameters and prostheses that the endpoints
//! share.

pub(crate) mod compare;
pub(crate) mod day;
pub(crate) mod days;
pub(crate) mod export;
pub(crate) mod list;
mod range;
pub(crate) mod summary;
pub(crate) mod typical;
pub(crate) mod usual;

use bionicpro_reports::{Person, Prosthesis};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub(super) use self::day::{AskedDay, DayQuery};
use crate::problem::{Problem, ProblemKind};

/// The minimum number of days for a typical or a usual value.
const MIN_DAYS: u64 = 5;

/// A prosthesis that the caller has now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prosthesis)]
pub(crate) struct OwnProsthesis {
    /// The id of the prosthesis; as the parameter of the same name, it restricts a report.
    prosthesis_id: Uuid,
    /// Its chip.
    #[schema(example = "CHIP-000042")]
    chip_id: String,
    /// Its model.
    #[schema(example = "BionicHand Pro")]
    prosthesis_model: String,
    /// Its serial number; null when unknown.
    #[schema(required)]
    serial_number: Option<String>,
}

impl From<&Prosthesis> for OwnProsthesis {
    fn from(prosthesis: &Prosthesis) -> Self {
        OwnProsthesis {
            prosthesis_id: prosthesis.prosthesis_id,
            chip_id: prosthesis.chip_id.clone(),
            prosthesis_model: prosthesis.prosthesis_model.clone(),
            serial_number: Some(prosthesis.serial_number.clone()).filter(|number| !number.is_empty()),
        }
    }
}

impl OwnProsthesis {
    /// Returns the prostheses that the person has now.
    fn of(person: &Person) -> Vec<Self> {
        person.prostheses.iter().map(OwnProsthesis::from).collect()
    }
}

/// Refuses a prosthesis that is neither the caller's now nor has data of the caller.
///
/// The mart was queried by the caller's own id, so a prosthesis of another person and one that does not exist
/// both have no rows, and get the same answer.
pub(super) fn check_own(person: &Person, asked: Option<Uuid>, has_data: bool) -> Result<(), Problem> {
    let is_own = |asked| person.prostheses.iter().any(|own| own.prosthesis_id == asked);
    match asked {
        Some(asked) if !has_data && !is_own(asked) => {
            Err(Problem::new(ProblemKind::NotFound).detail("Prosthesis not found"))
        }
        _ => Ok(()),
    }
}
