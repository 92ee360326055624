//! `bionicpro etl compare`: compares the days of the retention that are due with the source, and repairs
//! them.

use std::time::Duration;

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_pipeline::compare::compare;
use chrono::Utc;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Compare days before the lookback with the source and reload those that differ, least recently compared
/// first.
///
/// If the source cannot guarantee that incremental runs find every new row, a day is due once a day;
/// otherwise once after each lost baseline. `bionicpro doctor` shows which applies. `etl schedule` does this
/// by itself. Prints what was compared and repaired as one JSON line. Exits with status 99 if nothing is due,
/// 4 if a range was not repaired because too many of its rows would have vanished.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The name of the comparison, and the prefix of the ids of the runs that repair; generated when not
    /// given.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    /// The time budget in seconds; pipeline.compare_budget_s when not given. At least one piece of days is
    /// compared.
    #[arg(long, value_name = "SECONDS", conflicts_with = "all")]
    budget: Option<u64>,
    /// Compare all days that are due, however long it takes.
    #[arg(long)]
    all: bool,
    /// Let this many rows of a range vanish: the number that a refused comparison reported.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    confirm_vanished: u64,
}

impl CompareArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let pipeline = super::pipeline(context)?.confirming_vanished(self.confirm_vanished);
        let name = match self.run {
            Some(name) => name,
            None => format!("compare-{}", RunId::generate(Utc::now())).parse()?,
        };
        let seconds = self.budget.unwrap_or(context.config.pipeline.compare_budget_s);
        let budget = if self.all { Duration::MAX } else { Duration::from_secs(seconds) };
        let compared = match compare(&pipeline, &name, budget, super::bars::progress().as_ref()).await {
            Ok(compared) => compared,
            Err(error) => {
                output::json(&bionicpro_pipeline::run::failed(&name, &error))?;
                return Err(error);
            }
        };
        output::json(&compared)?;
        if let Some(refusal) = compared.refused.first() {
            return Err(Error::new(Kind::Data, "ranges differ from the source and were not repaired")
                .detail(format!("{} of them, the first: {}", compared.refused.len(), refusal.why))
                .hint(refusal.hint.clone().unwrap_or_default()));
        }
        match compared.failed {
            Some(error) => Err(error),
            None if compared.days == 0 => Err(super::run::nothing_new()),
            None => Ok(()),
        }
    }
}
