//! `bionicpro etl runs`: the ledger, newest run first.

use bionicpro_model::Result;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Entry, State, Step};
use chrono::{DateTime, Utc};
use clap::Args;

use crate::context::Context;
use crate::output;

/// List the newest runs: when, over which range, how far, what was counted, what failed.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// How many runs.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Every entry of the ledger, one JSON line for each run.
    #[arg(long)]
    json: bool,
}

impl RunsArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let warehouse = Warehouse::new(&context.config.warehouse)?;
        let runs = ledger::runs(&warehouse, self.limit).await?;
        if self.json {
            return runs.iter().try_for_each(|entries| {
                let run = entries.first().map(|entry| &entry.run);
                output::json(&serde_json::json!({ "run": run, "entries": entries }))
            });
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
        output::table(
            &headings,
            runs.iter().filter(|entries| !entries.is_empty()).map(|entries| row(entries)),
        )
    }
}

fn row(entries: &[Entry]) -> Vec<String> {
    let (first, last) = (&entries[0], &entries[entries.len() - 1]);
    let newest = |of: fn(&Entry) -> Option<u64>| {
        entries.iter().rev().find_map(of).map_or(String::new(), |count| count.to_string())
    };
    let text =
        |of: fn(&Entry) -> Option<&String>| entries.iter().rev().find_map(of).cloned().unwrap_or_default();
    let from = entries.iter().rev().find_map(|entry| entry.from);
    let to = entries.iter().rev().find_map(|entry| entry.to);
    let range =
        from.zip(to).map_or(String::new(), |(from, to)| format!("{} to {}", minute(from), minute(to)));
    let took = (last.at - first.at).num_milliseconds();
    vec![
        first.run.to_string(),
        text(|entry| entry.kind.as_ref()),
        first.at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        state(last),
        text(|entry| entry.form.as_ref()),
        range,
        newest(|entry| entry.rows),
        newest(|entry| entry.cells),
        newest(|entry| entry.orphans),
        newest(|entry| entry.anomalies),
        format!("{}.{:03} s", took / 1000, took % 1000),
        last.error.clone().unwrap_or_default(),
    ]
}

/// `done` once the load is, `nothing new` for a tick without work; otherwise the step that the run is at.
fn state(last: &Entry) -> String {
    match (last.step, last.state) {
        (Step::LoadToClickhouse, State::Done) => "done".to_owned(),
        (step, State::Failed) => format!("failed in {}", step.as_str()),
        (step, State::Started) => format!("in {}", step.as_str()),
        (_, State::Skipped) => "nothing new".to_owned(),
        (step, State::Done) => format!("after {}", step.as_str()),
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
