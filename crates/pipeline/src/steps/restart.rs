//! Beginning again where something came between: another load, a change of the CRM from one extraction to the other, a
//! step that was cut off while it began again.
//!
//! None of that is a fault of the data, and no retry of the same step mends it: what is staged is of a state that is gone.

use bionicpro_model::{Error, Result, RunId};
use bionicpro_sources::SOURCE_CHANGED;
use bionicpro_warehouse::ledger::{State, Step};

use super::{Extracted, extract};
use crate::context::PipelineContext;
use crate::join::CRM_CHANGED;
use crate::kind::{RunKind, RunRequest};
use crate::progress::Progress;
use crate::report::StepReport;
use crate::stage::{Manifest, StagedName};
use crate::steps::LedgerWriter;

/// Another load has stored another state since the extraction began with its own.
pub(super) const STALE: &str = "another load changed who owns what since the extraction";

/// Two runs have read the source while its clock stood behind, and came to the same version.
pub(super) const SAME_VERSION: &str = "another run has taken the same version";

/// A staged file was made from another one than that which stands beside it.
pub(super) const NOT_TOGETHER: &str = "the staged files do not belong together";

/// How often a run begins again because something came between.
const MOST_RESTARTS: u32 = 3;

/// How often a run has begun again.
#[derive(Default)]
pub(crate) struct Restarts(u32);

impl Restarts {
    /// The same for an extraction alone: the source's tables changed while they were read.
    pub(crate) fn follow_source(&mut self, run: &RunId, error: &Error) -> bool {
        error.message() == SOURCE_CHANGED && self.follow(run, error)
    }

    /// Whether to begin again after this error: something came between, and not for ever.
    pub(crate) fn follow(&mut self, run: &RunId, error: &Error) -> bool {
        let is_stale =
            [STALE, SAME_VERSION, NOT_TOGETHER, CRM_CHANGED, SOURCE_CHANGED].contains(&error.message());
        if !is_stale || self.0 == MOST_RESTARTS {
            return false;
        }
        self.0 += 1;
        tracing::warn!(%run, %error, restarts = self.0, "running again from the extractions");
        true
    }
}

/// Extracts once more what the run was asked for. Where the other load has brought all of it, there is nothing left to
/// do, and the report says so for `step`.
pub(super) async fn extract_again(
    context: &PipelineContext,
    book: &LedgerWriter<'_>,
    step: Step,
    progress: &dyn Progress,
) -> Result<Option<StepReport>> {
    let ask = ask(&context.stage.manifest(book.run, StagedName::Telemetry).await?);
    let Extracted { crm: None, telemetry, .. } = extract(context, book, ask, progress).await? else {
        return Ok(None);
    };
    let mut report = StepReport::new(book.run, step);
    report.state = State::Skipped;
    report.kind = telemetry.kind;
    Ok(Some(report))
}

/// What a staged extraction was asked for.
fn ask(manifest: &Manifest) -> RunRequest {
    match (manifest.kind, manifest.range) {
        (Some(RunKind::Range), Some(range)) => RunRequest::Range(range),
        (Some(RunKind::Full), _) => RunRequest::Full,
        _ => RunRequest::Tick,
    }
}
