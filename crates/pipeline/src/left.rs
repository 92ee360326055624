//! What a run leaves for the next one, as JSON in the ledger: how far it saw the telemetry, and which CRM is stored.

use bionicpro_model::{Error, Kind, Result};
use bionicpro_sources::Baseline;
use bionicpro_warehouse::state::Stamp;
use serde::{Deserialize, Serialize};

/// What a run that saw everything leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Left {
    /// What it saw of the telemetry.
    #[serde(flatten)]
    pub(crate) telemetry: Baseline,
    /// None where another run stored something in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crm: Option<Agreed>,
}

/// The stored dimensions say what the CRM said: while both stay as they are, neither has to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agreed {
    /// The CRM, as [`bionicpro_sources::OpenCrm::fingerprint`] tells it from others.
    pub(crate) fingerprint: String,
    /// The dimensions.
    pub(crate) stamp: Stamp,
}

impl Left {
    pub(crate) fn text(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::new(Kind::Internal, "a baseline cannot be written").source(error))
    }

    /// The same text with what a load has stored.
    pub(crate) fn with(text: &str, agreed: Agreed) -> Result<String> {
        let left: Left = serde_json::from_str(text)
            .map_err(|error| Error::new(Kind::Data, "a staged baseline cannot be read").source(error))?;
        Left { crm: Some(agreed), ..left }.text()
    }
}
