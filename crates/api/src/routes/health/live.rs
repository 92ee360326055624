//! `GET /health/live`: the process runs. A supervisor restarts it when this does not answer.

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::openapi::Refusals;
use crate::parameters::{NoParameters, Strict};

/// The liveness of the process.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Live {
    /// Always `live`.
    #[schema(example = "live")]
    status: &'static str,
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", operation_id = "getLiveness", tag = "Health", responses(
    (status = 200, description = "The process runs.", body = Live),
    Refusals,
))]
pub(crate) async fn live(_: Strict<NoParameters>) -> Answer<Live> {
    Answer(Live { status: "live" })
}
