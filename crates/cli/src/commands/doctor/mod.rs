//! `bionicpro doctor`: connects to every configured part, and reports for each what it found and what to do.
//!
//! Checks run concurrently and write nothing, except one small file in the staging area, which is removed
//! again. The free disk space is what the warehouse reports; nothing is written to measure it.

mod checks;
mod pipeline;
mod sources;
mod warehouse;

use bionicpro_model::line::one_line;
use bionicpro_model::{Error, Kind, Result};
use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;

use crate::context::Context;
use crate::output;

/// The maximum length of a server's error text, in characters.
const MAX_CAUSE: usize = 1_000;

/// Check every dependency and say what to do about each failure.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    /// One JSON line instead of a page.
    #[arg(long)]
    json: bool,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warning,
    Failed,
    /// Not configured, or a prerequisite failed.
    Skipped,
}

/// One line of the doctor's output.
#[derive(Debug, Serialize)]
struct Finding {
    part: &'static str,
    check: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    what_to_do: Option<String>,
    #[serde(skip)]
    kind: Option<Kind>,
}

impl Finding {
    fn ok(part: &'static str, check: &'static str, found: impl Into<String>) -> Self {
        Finding { part, check, state: State::Ok, found: found.into(), what_to_do: None, kind: None }
    }

    fn warning(
        part: &'static str,
        check: &'static str,
        found: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        let what_to_do = Some(what_to_do.into());
        Finding { part, check, state: State::Warning, found: found.into(), what_to_do, kind: None }
    }

    fn skipped(part: &'static str, check: &'static str, why: impl Into<String>) -> Self {
        Finding { part, check, state: State::Skipped, found: why.into(), what_to_do: None, kind: None }
    }

    fn failed(part: &'static str, check: &'static str, error: &Error) -> Self {
        let mut found = error.to_string();
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        if let Some(last) = causes.last() {
            found = format!("{found} ({})", one_line(&last.to_string(), MAX_CAUSE));
        }
        let what_to_do = error.hint_text().map(str::to_owned);
        Finding { part, check, state: State::Failed, found, what_to_do, kind: Some(error.kind()) }
    }

    fn of(part: &'static str, check: &'static str, result: Result<String>) -> Self {
        match result {
            Ok(found) => Finding::ok(part, check, found),
            Err(error) => Finding::failed(part, check, &error),
        }
    }
}

impl DoctorCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let findings: Vec<Finding> =
            join_all(checks::all(&context.config)).await.into_iter().flatten().collect();
        if self.json {
            output::json(&findings)?;
        } else {
            page(&findings)?;
        }
        verdict(&findings)
    }
}

fn page(findings: &[Finding]) -> Result<()> {
    for finding in findings {
        let mark = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "FAILED",
            State::Skipped => "skipped",
        };
        output::line(&format!("{mark:<8} {:<10} {:<18} {}", finding.part, finding.check, finding.found))?;
        if let Some(what_to_do) = &finding.what_to_do {
            output::line(&format!("{:<39}what to do: {what_to_do}", ""))?;
        }
    }
    Ok(())
}

/// Returns an error with the exit status of the first failure: 2 for the configuration, 3 for an unreachable
/// part, 4 for data that does not fit.
fn verdict(findings: &[Finding]) -> Result<()> {
    let failed: Vec<&Finding> = findings.iter().filter(|finding| finding.state == State::Failed).collect();
    let Some(kind) = failed.first().and_then(|finding| finding.kind) else { return Ok(()) };
    Err(Error::new(kind, "some checks failed").detail(format!("{} of {}", failed.len(), findings.len())))
}
