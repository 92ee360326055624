//! `bionicpro etl show`: one run of the ledger, and what to do if it failed.

use bionicpro_model::line::one_line;
use bionicpro_model::{Error, HourRange, Kind, Result, RunId};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Entry, Outline, State};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::seconds;
use crate::context::Context;
use crate::output;

/// The maximum length of a stored text on a line, in characters.
const MAX_LINE: usize = 1_200;

/// Show one run: its steps and attempts, counts, snapshot and horizon, its errors and what to do.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The id of the run, as `bionicpro etl runs` lists it.
    #[arg(value_name = "RUN")]
    run: RunId,
    /// Print every entry of the ledger as one JSON line.
    #[arg(long)]
    json: bool,
}

impl ShowArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let warehouse = Warehouse::new(&context.config.warehouse)?;
        let Some(listed) = ledger::listed_run(&warehouse, &self.run).await? else {
            let pieces = ledger::loaded_pieces(&warehouse, &self.run).await?;
            if !pieces.is_empty() {
                return self.backfill(&pieces);
            }
            return Err(Error::new(Kind::Usage, "the ledger has no such run")
                .detail(self.run.to_string())
                .hint("`bionicpro etl runs` lists the newest ones"));
        };
        if self.json {
            return output::json(&listed);
        }
        let entries = &listed.entries;
        for (name, value) in Outline::of(entries).map(facts).unwrap_or_default() {
            output::line(&format!("{name:<9} {}", one_line(&value, MAX_LINE)))?;
        }
        let headings = ["STEP", "TRY", "STATE", "AT", "TIME", "ROWS", "CELLS", "ORPHANS", "TOMBSTONES"];
        output::table(&headings, entries.iter().map(row))?;
        let failed = entries.iter().filter(|entry| entry.state == State::Failed);
        for entry in failed {
            let error = entry.error.as_deref().unwrap_or("no reason is recorded");
            let error = one_line(error, MAX_LINE);
            output::line(&format!("{}, try {}: {error}", entry.step.as_str(), entry.attempt))?;
            if let Some(hint) = &entry.hint {
                output::line(&format!("  what to do: {}", one_line(hint, MAX_LINE)))?;
            }
        }
        for row in &listed.unread {
            let said = format!("{:?}, try {}, {:?}", row.step, row.attempt, row.state);
            output::line(&format!("not understood: {} in {}", row.why, one_line(&said, MAX_LINE)))?;
        }
        Ok(())
    }
}

impl ShowArgs {
    /// Prints the loaded pieces of a backfill, which has no entries of its own.
    fn backfill(&self, pieces: &[HourRange]) -> Result<()> {
        let name = |piece: &HourRange| format!("{}.{}", self.run, piece.from().format("%Y%m%d"));
        if self.json {
            let loaded: Vec<_> = pieces
                .iter()
                .map(|piece| serde_json::json!({ "run": name(piece), "range": piece }))
                .collect();
            return output::json(&serde_json::json!({ "run": self.run, "loaded": loaded }));
        }
        output::line(&format!("{}: a backfill; these pieces of it are loaded", self.run))?;
        output::table(&["RUN", "RANGE"], pieces.iter().map(|piece| vec![name(piece), piece.to_string()]))
    }
}

/// The facts of the run as a whole, by name.
fn facts(outline: Outline) -> Vec<(&'static str, String)> {
    let lag = outline.horizon_lag();
    let facts = [
        ("run", Some(outline.run.to_string())),
        ("kind", outline.kind),
        ("form", outline.form),
        ("range", outline.range.map(|(from, to)| format!("{} to {}", second(from), second(to)))),
        ("version", outline.version.map(|version| version.to_string())),
        ("snapshot", outline.snapshot),
        ("horizon", outline.horizon.map(|at| horizon_text(at, lag))),
        ("retries", (outline.retries > 0).then(|| outline.retries.to_string())),
        (
            "unread",
            outline
                .unreadable
                .filter(|cells| *cells > 0)
                .map(|cells| format!("{cells} cells or values cannot be read")),
        ),
        ("notes", outline.notes),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn horizon_text(horizon: DateTime<Utc>, lag: Option<TimeDelta>) -> String {
    let age = lag.map(|lag| format!(", {} before the snapshot", seconds(lag)));
    format!("{}{}", second(horizon), age.unwrap_or_default())
}

fn row(entry: &Entry) -> Vec<String> {
    let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
    let took =
        entry.duration_ms.and_then(|took| i64::try_from(took).ok()).and_then(TimeDelta::try_milliseconds);
    vec![
        entry.step.as_str().to_owned(),
        entry.attempt.to_string(),
        entry.state.as_str().to_owned(),
        second(entry.at),
        took.map_or(String::new(), seconds),
        count(entry.rows),
        count(entry.cells),
        count(entry.orphans),
        count(entry.tombstones),
    ]
}

fn second(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use bionicpro_warehouse::ledger::Step;

    use super::*;

    #[test]
    fn a_run_says_its_horizon_by_its_age_and_how_often_it_was_tried_again() {
        let at = DateTime::from_timestamp(1_705_305_600, 0).unwrap();
        let entry =
            |state, attempt| Entry::new("r".parse().unwrap(), Step::ExtractTelemetryData, state, attempt, at);
        let done = Entry {
            kind: Some("tick".to_owned()),
            version: Some(1_705_305_600_000_000),
            horizon: Some(at - TimeDelta::milliseconds(2_500)),
            ..entry(State::Done, 2)
        };
        let told =
            Outline::of(&[entry(State::Started, 1), entry(State::Failed, 1), entry(State::Started, 2), done]);
        let told = facts(told.unwrap());
        assert!(told.contains(&("kind", "tick".to_owned())));
        assert!(told.contains(&("retries", "1".to_owned())));
        let horizon = "2024-01-15 07:59:57Z, 2.500 s before the snapshot";
        assert!(told.contains(&("horizon", horizon.to_owned())), "{told:?}");
    }
}
