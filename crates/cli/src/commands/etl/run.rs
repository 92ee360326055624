//! `bionicpro etl run`: all four steps.

use bionicpro_model::{Error, HourRange, Kind, Result, RunId, hours};
use bionicpro_pipeline::RunSpec;
use chrono::Utc;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Run all four steps over the last days or over a range, then say what was done as one JSON line.
///
/// Afterwards the mart equals the sources. A range longer than a month is replaced month by month, newest first; with
/// the same --run a run that was stopped goes on where it was.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The id of the run; made when not given.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    #[command(flatten)]
    range: RangeArgs,
}

/// A range of hours.
#[derive(Debug, Args)]
pub(crate) struct RangeArgs {
    /// The first hour to replace: 2024-01-15 or 2024-01-15T08:00:00Z. Needs --to.
    #[arg(long, value_name = "TIME", requires = "to")]
    from: Option<String>,
    /// The end of the range, not included. Needs --from.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
}

impl RangeArgs {
    pub(super) fn range(&self) -> Result<Option<HourRange>> {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => {
                HourRange::new(hours::parse_instant(from)?, hours::parse_instant(to)?).map(Some)
            }
            (None, None) => Ok(None),
            _ => Err(Error::new(Kind::Usage, "a range needs --from and --to")),
        }
    }
}

impl RunArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let range = self.range.range()?;
        let pipeline = super::pipeline(context)?;
        let run = self.run.unwrap_or_else(|| RunId::generate(Utc::now()));
        let progress = super::bars::progress();
        let spec = RunSpec { run: Some(run.clone()), range };
        match bionicpro_pipeline::run(&pipeline, spec, progress.as_ref()).await {
            Ok(report) => output::json(&report),
            Err(error) => {
                output::json(&bionicpro_pipeline::run::failed(&run, &error))?;
                Err(error)
            }
        }
    }
}
