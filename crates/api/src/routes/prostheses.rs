//! `GET /api/prostheses`: the prostheses that the caller has, and those of which they have data.

use axum::extract::State;
use axum::response::Response;
use bionicpro_warehouse::reports::OwnedProsthesis;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::conditional::{AsOf, Condition};
use crate::extractors::Wearer;
use crate::openapi::{DataRefusals, NotModified};
use crate::parameters::{NoParameters, Strict};
use crate::problem::Problem;
use crate::state::AppState;

/// The number of characters shown of a serial number.
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
    /// The current ones first.
    prostheses: Vec<ListedProsthesis>,
}

/// A prosthesis that the caller has, or a former one of which they have data.
#[derive(Debug, Serialize, ToSchema)]
struct ListedProsthesis {
    /// The id of the prosthesis; as the parameter of the same name, it restricts a report.
    prosthesis_id: Uuid,
    /// Its model.
    #[schema(example = "BionicHand Pro")]
    prosthesis_model: String,
    /// Its chip; for a former prosthesis, the last chip that it had while the caller's.
    #[schema(example = "CHIP-000042")]
    chip_id: String,
    /// The end of its serial number; null when unknown, or when it is no longer the caller's.
    #[schema(required, example = "0042")]
    serial_last_four: Option<String>,
    /// The date of manufacture; null when unknown, or when it is no longer the caller's.
    #[schema(required, example = "2024-03-01")]
    manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; null when unknown, or when it is no longer the caller's.
    #[schema(required, example = "2027-03-01")]
    warranty_until: Option<NaiveDate>,
    /// True if the caller has it now.
    is_current: bool,
    /// The start of the caller's current or last ownership; null if it began before the records.
    #[schema(required)]
    owned_since: Option<DateTime<Utc>>,
    /// The end of that ownership; null while it lasts.
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

/// Returns the last characters of a serial number, or `None` if it is empty.
fn last_four(serial: &str) -> Option<String> {
    let skipped = serial.chars().count().saturating_sub(SERIAL_SHOWN);
    Some(serial.chars().skip(skipped).collect()).filter(|end: &String| !end.is_empty())
}

/// The caller's prostheses.
///
/// The current ones first, then former ones of which the caller has data. Empty for a caller who has no
/// prosthesis or is not known to the CRM yet.
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
        Ok(ProsthesisList { user: wearer.username.into(), data_as_of, prostheses })
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
