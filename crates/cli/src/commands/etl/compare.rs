//! `bionicpro etl compare`: the days of the retention that are due, compared with the source and mended.

use std::time::Duration;

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_pipeline::compare::compare;
use chrono::Utc;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Compare days before the lookback with the source and load again what differs: those first that were compared longest ago.
///
/// A day is due once a day where nothing in the source keeps rows from escaping the form by which ticks find them, and once
/// after each lost baseline where something does; `bionicpro doctor` says which. `etl schedule` does this by itself. One JSON
/// line says what was compared and mended; status 99 when nothing is due, 4 when a range was not mended because too much of it
/// would have vanished.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The name of the comparison, and the beginning of the names of the runs that mend; made when not given.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    /// For how many seconds; pipeline.compare_budget_s when not given. At least one piece of days is compared.
    #[arg(long, value_name = "SECONDS", conflicts_with = "all")]
    budget: Option<u64>,
    /// All days that are due, however long that takes.
    #[arg(long)]
    all: bool,
    /// So many rows of a range may vanish: the number that a refused comparison has named.
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
            return Err(Error::new(Kind::Data, "ranges differ from the source and were not mended")
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
