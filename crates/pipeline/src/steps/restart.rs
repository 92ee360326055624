//! Restarts of a run after something came between its steps: another load, a change of the CRM between the
//! two extractions, or a step that was interrupted while it restarted.
//!
//! None of these is a fault of the data, and no retry of the same step helps: the staged files are of an
//! outdated state.

use bionicpro_model::{Condition, Error, Result, RunId};
use bionicpro_warehouse::ledger::{State, Step};

use super::{Extracted, extract};
use crate::context::PipelineContext;
use crate::kind::{RunKind, RunRequest};
use crate::progress::Progress;
use crate::report::StepReport;
use crate::stage::{Manifest, StagedName};
use crate::steps::LedgerWriter;

/// The maximum number of restarts of a run.
const MOST_RESTARTS: u32 = 3;

/// The number of times that a run has restarted.
#[derive(Default)]
pub(crate) struct Restarts(u32);

impl Restarts {
    /// Returns true if an extraction alone has to restart: the source's tables changed while they were read.
    pub(crate) fn follow_source(&mut self, run: &RunId, error: &Error) -> bool {
        error.is(Condition::SourceChanged) && self.follow(run, error)
    }

    /// Returns true if the run has to restart after this error: something came in between, and the limit is
    /// not reached.
    pub(crate) fn follow(&mut self, run: &RunId, error: &Error) -> bool {
        let is_outdated = error.is(Condition::InputOutdated) || error.is(Condition::SourceChanged);
        if !is_outdated || self.0 == MOST_RESTARTS {
            return false;
        }
        self.0 += 1;
        tracing::warn!(%run, %error, restarts = self.0, "restarting the run from the extractions");
        true
    }
}

/// Repeats the extractions with the run's original request. If the other load has loaded everything, nothing
/// is left to do, and the returned report says so for `step`.
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

/// Returns the request that a staged extraction was made for.
fn ask(manifest: &Manifest) -> RunRequest {
    match (manifest.kind, manifest.range) {
        (Some(RunKind::Range), Some(range)) => RunRequest::Range(range),
        (Some(RunKind::Full), _) => RunRequest::Full,
        _ => RunRequest::Incremental,
    }
}
