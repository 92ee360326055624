//! The checkpoint that a run stores in the ledger as JSON for the next run: how far it saw the telemetry, and
//! which state of the CRM is stored.

use std::collections::BTreeSet;

use bionicpro_model::{Error, Kind, Result};
use bionicpro_sources::Baseline;
use bionicpro_warehouse::state::DimensionVersions;
use serde::{Deserialize, Serialize};

/// The checkpoint of a run that saw everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The baseline: what the run saw of the telemetry.
    #[serde(flatten)]
    pub(crate) telemetry: Baseline,
    /// The CRM state that is stored; `None` if another run stored something in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crm: Option<CrmFingerprint>,
    /// Hours with rows that were too far in the future to be read, counted from 1970. A run reads them once
    /// they are near enough.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) ahead: BTreeSet<i64>,
    /// Hours with cells that could not be read. The next full run retries them, however old they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unreadable: BTreeSet<i64>,
    /// The version from which on a comparison counts: rows loaded before it may differ from the source
    /// without a trace.
    #[serde(default)]
    pub(crate) compare_from: u64,
}

/// A state of the CRM, and the versions of the dimensions stored from it. While both are unchanged, neither
/// has to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CrmFingerprint {
    /// The state of the CRM, identified by [`bionicpro_sources::OpenCrm::fingerprint`].
    pub(crate) fingerprint: String,
    /// The versions of the dimensions.
    pub(crate) stamp: DimensionVersions,
}

impl Checkpoint {
    pub(crate) fn text(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::new(Kind::Internal, "a baseline cannot be written").source(error))
    }

    /// Returns the checkpoint's text with the CRM state that a load stored.
    pub(crate) fn with(text: &str, agreed: CrmFingerprint) -> Result<String> {
        Checkpoint { crm: Some(agreed), ..Checkpoint::parse(text)? }.text()
    }

    /// Returns the checkpoint's text with the hours that could not be read added.
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
