//! `GET /api/prostheses`: the prostheses that the caller has, and those of which they have data.

use axum::extract::State;
use axum::response::Response;
use bionicpro_warehouse::reports::OwnedProsthesis;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::conditional::{AsOf, Condition};
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{NoParameters, Strict};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wearer::Wearer;

/// How much of a serial number is shown.
const SERIAL_SHOWN: usize = 4;

/// The caller's prostheses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProsthesisList {
    /// The caller's login name.
    #[schema(example = "ivan.petrov")]
    user: String,
    /// The newest moment that the data reflect; null before the first load.
    #[schema(required)]
    data_as_of: Option<DateTime<Utc>>,
    /// The present ones first.
    prostheses: Vec<ListedProsthesis>,
}

/// A prosthesis that the caller has, or had and has data of.
#[derive(Debug, Serialize, ToSchema)]
struct ListedProsthesis {
    /// The prosthesis; narrows a report with the parameter of the same name.
    prosthesis_id: Uuid,
    /// Its model.
    #[schema(example = "BionicHand Pro")]
    prosthesis_model: String,
    /// Its chip; of a former one, the last one that it had with the caller.
    #[schema(example = "CHIP-000042")]
    chip_id: String,
    /// The end of its serial number; null when unknown, or when it is no longer the caller's.
    #[schema(required, example = "0042")]
    serial_last_four: Option<String>,
    /// When it was made; null when unknown, or when it is no longer the caller's.
    #[schema(required, example = "2024-03-01")]
    manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; null when unknown, or when it is no longer the caller's.
    #[schema(required, example = "2027-03-01")]
    warranty_until: Option<NaiveDate>,
    /// Whether the caller has it now.
    is_current: bool,
    /// Since when the caller has it, or had it last; null for since before the records begin.
    #[schema(required)]
    owned_since: Option<DateTime<Utc>>,
    /// Until when the caller had it; null while it lasts.
    #[schema(required)]
    owned_until: Option<DateTime<Utc>>,
    /// The caller's first hour with a movement of it; null without data.
    #[schema(required)]
    first_data_at: Option<DateTime<Utc>>,
    /// The caller's last hour with a movement of it; null without data.
    #[schema(required)]
    last_data_at: Option<DateTime<Utc>>,
}

impl From<&OwnedProsthesis> for ListedProsthesis {
    fn from(owned: &OwnedProsthesis) -> Self {
        let second = |at: DateTime<Utc>| at.trunc_subsecs(0);
        ListedProsthesis {
            prosthesis_id: owned.prosthesis_id,
            prosthesis_model: owned.prosthesis_model.clone(),
            chip_id: owned.chip_id.clone(),
            serial_last_four: last_four(&owned.serial_number),
            manufactured_on: owned.manufactured_on,
            warranty_until: owned.warranty_until,
            is_current: owned.is_current,
            owned_since: owned.owned_since.filter(|at| *at > DateTime::UNIX_EPOCH).map(second),
            owned_until: owned.owned_until.map(second),
            first_data_at: owned.first_hour,
            last_data_at: owned.last_hour,
        }
    }
}

/// The end of a text, by characters.
fn last_four(serial: &str) -> Option<String> {
    let skipped = serial.chars().count().saturating_sub(SERIAL_SHOWN);
    Some(serial.chars().skip(skipped).collect()).filter(|end: &String| !end.is_empty())
}

/// The caller's prostheses.
///
/// The present ones first, then those that the caller had and has data of. Empty for somebody without one, or whom the
/// CRM does not know yet.
#[utoipa::path(
    get, path = "/api/prostheses", operation_id = "listProstheses", tag = "Reports", security(("bearer" = [])),
    responses((status = 200, description = "The prostheses.", body = ProsthesisList), NotModified, DataRefusals)
)]
pub(crate) async fn prostheses(
    wearer: Wearer,
    _: Strict<NoParameters>,
    condition: Condition,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let data_as_of = app.data_as_of().await?;
    let owned = app.reader.prostheses(&wearer).await?;
    condition.tag(&wearer, AsOf::said(data_as_of), &owned).answer(&app.answers, || {
        let prostheses = owned.iter().map(ListedProsthesis::from).collect();
        Ok(ProsthesisList { user: wearer.name, data_as_of, prostheses })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_serial_number_the_end_is_shown() {
        assert_eq!(last_four("SN-2026-0042").as_deref(), Some("0042"));
        assert_eq!(last_four("ЯЖ").as_deref(), Some("ЯЖ"));
        assert_eq!(last_four(""), None);
    }
}
