//! What a run leaves for the next one, as JSON in the ledger: how far it saw the telemetry, and which CRM is stored.

use std::collections::BTreeSet;

use bionicpro_model::{Error, Kind, Result};
use bionicpro_sources::Baseline;
use bionicpro_warehouse::state::DimensionVersions;
use serde::{Deserialize, Serialize};

/// What a run that saw everything leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// What it saw of the telemetry.
    #[serde(flatten)]
    pub(crate) telemetry: Baseline,
    /// None where another run stored something in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crm: Option<CrmFingerprint>,
    /// Hours that have rows and were too far ahead to be read, counted from 1970: read when their time comes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) ahead: BTreeSet<i64>,
    /// Hours with cells that could not be read: the next full run tries them again, however old they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unreadable: BTreeSet<i64>,
    /// From which version on a comparison counts: what was loaded before may differ from the source without a trace.
    #[serde(default)]
    pub(crate) compare_from: u64,
}

/// The stored dimensions say what the CRM said: while both stay as they are, neither has to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CrmFingerprint {
    /// The CRM, as [`bionicpro_sources::OpenCrm::fingerprint`] tells it from others.
    pub(crate) fingerprint: String,
    /// The dimensions.
    pub(crate) stamp: DimensionVersions,
}

impl Checkpoint {
    pub(crate) fn text(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::new(Kind::Internal, "a baseline cannot be written").source(error))
    }

    /// The same text with what a load has stored.
    pub(crate) fn with(text: &str, agreed: CrmFingerprint) -> Result<String> {
        Checkpoint { crm: Some(agreed), ..Checkpoint::parse(text)? }.text()
    }

    /// The same text with the hours that could not be read.
    pub(crate) fn with_unreadable(text: &str, hours: impl Iterator<Item = i64>) -> Result<String> {
        let mut left = Checkpoint::parse(text)?;
        left.unreadable.extend(hours);
        left.text()
    }

    fn parse(text: &str) -> Result<Checkpoint> {
        serde_json::from_str(text)
            .map_err(|error| Error::new(Kind::Data, "a staged baseline cannot be read").source(error))
    }
}
