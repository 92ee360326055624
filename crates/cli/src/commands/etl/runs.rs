//! `bionicpro etl runs`: the ledger, newest run first.

use bionicpro_model::Result;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Listed, Outcome, Outline};
use chrono::{DateTime, Utc};
use clap::Args;

use crate::context::Context;
use crate::output;

/// List the newest runs: start, state, range, counts and errors.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// The number of runs.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print every entry of the ledger, one JSON line for each run.
    #[arg(long)]
    json: bool,
}

impl RunsArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let warehouse = Warehouse::new(&context.config.warehouse)?;
        let runs = ledger::listed(&warehouse, self.limit).await?;
        if self.json {
            return runs.iter().try_for_each(output::json);
        }
        let headings = [
            "RUN",
            "KIND",
            "STARTED",
            "STATE",
            "FORM",
            "RANGE",
            "ROWS",
            "CELLS",
            "ORPHANS",
            "ANOMALIES",
            "TIME",
            "ERROR",
        ];
        output::table(&headings, runs.into_iter().map(row))
    }
}

fn row(run: Listed) -> Vec<String> {
    let unread = run
        .unread
        .first()
        .map(|first| format!("{} rows are not understood, the first: {}", run.unread.len(), first.why));
    let Some(outline) = Outline::of(&run.entries) else {
        let mut row = vec![String::new(); 12];
        (row[0], row[3], row[11]) = (run.run, "not understood".to_owned(), unread.unwrap_or_default());
        return row;
    };
    let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
    let range = outline.range.map(|(from, to)| format!("{} to {}", minute(from), minute(to)));
    vec![
        outline.run.to_string(),
        outline.kind.unwrap_or_default(),
        outline.started_at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        state(outline.outcome),
        outline.form.unwrap_or_default(),
        range.unwrap_or_default(),
        count(outline.rows),
        count(outline.cells),
        count(outline.orphans),
        count(outline.anomalies),
        super::seconds(outline.newest_at - outline.started_at),
        outline.error.or(unread).unwrap_or_default(),
    ]
}

/// `done` once the load is done, `nothing new` for an incremental run without work; otherwise the run's
/// current step.
fn state(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::NothingNew => "nothing new".to_owned(),
        Outcome::Failed(step) => format!("failed in {}", step.as_str()),
        Outcome::In(step) => format!("in {}", step.as_str()),
        Outcome::After(step) => format!("after {}", step.as_str()),
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
