//! `prosthesis_id`: narrows a report to one of the caller's prostheses.

use uuid::Uuid;

use crate::parameters::Query;
use crate::problem::Problem;

const PARAMETER: &str = "prosthesis_id";
/// `8-4-4-4-12`, the only format that answers use and therefore the only one that is accepted.
const HYPHENATED_LENGTH: usize = 36;

/// The requested prosthesis. Ownership is not checked here, because the mart is always queried by user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProsthesisId;

impl ProsthesisId {
    pub(crate) fn read(query: &Query) -> Result<Option<Uuid>, Problem> {
        let Some(text) = query.get(PARAMETER) else { return Ok(None) };
        (text.len() == HYPHENATED_LENGTH).then(|| Uuid::try_parse(text).ok()).flatten().map(Some).ok_or_else(
            || {
                Problem::parameter(
                    PARAMETER,
                    "prosthesis_id must be a UUID as the list of prostheses shows it",
                )
            },
        )
    }
}
