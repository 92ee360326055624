//! `GET /health`: the process answers, with its version. It depends on nothing else.

pub(crate) mod live;
pub(crate) mod ready;

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::openapi::Refusals;
use crate::parameters::{NoParameters, Strict};

/// The health of the service, with its version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `healthy`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// The version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// The service answers.
///
/// Does not check what the service depends on: see /health/ready.
#[utoipa::path(get, path = "/health", operation_id = "getHealth", tag = "Health", responses(
    (status = 200, description = "The service answers.", body = Health),
    Refusals,
))]
pub(crate) async fn health(_: Strict<NoParameters>) -> Answer<Health> {
    Answer(Health { status: "healthy", version: env!("CARGO_PKG_VERSION") })
}
