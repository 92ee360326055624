//! `bionicpro etl show`: one run of the ledger, and what to do where it failed.

use bionicpro_model::{Error, HourRange, Kind, Result, RunId};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::ledger::{self, Entry, State};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use crate::context::Context;
use crate::output;

/// Show one run: its steps and tries, what was counted, its snapshot and horizon, what failed and what to do.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The id of the run, as `bionicpro etl runs` lists it.
    #[arg(value_name = "RUN")]
    run: RunId,
    /// Every entry of the ledger as one JSON line.
    #[arg(long)]
    json: bool,
}

impl ShowArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let warehouse = Warehouse::new(&context.config.warehouse)?;
        let entries = ledger::run(&warehouse, &self.run).await?;
        if entries.is_empty() {
            let pieces = ledger::loaded_pieces(&warehouse, &self.run).await?;
            if !pieces.is_empty() {
                return self.backfill(&pieces);
            }
            return Err(Error::new(Kind::Usage, "the ledger has no such run")
                .detail(self.run.to_string())
                .hint("`bionicpro etl runs` lists the newest ones"));
        }
        if self.json {
            return output::json(&serde_json::json!({ "run": self.run, "entries": entries }));
        }
        for (name, value) in facts(&entries) {
            output::line(&format!("{name:<9} {value}"))?;
        }
        let headings = ["STEP", "TRY", "STATE", "AT", "TIME", "ROWS", "CELLS", "ORPHANS", "TOMBSTONES"];
        output::table(&headings, entries.iter().map(row))?;
        let failed = entries.iter().filter(|entry| entry.state == State::Failed);
        for entry in failed {
            let error = entry.error.as_deref().unwrap_or("it says no reason");
            output::line(&format!("{}, try {}: {error}", entry.step.as_str(), entry.attempt))?;
            if let Some(hint) = &entry.hint {
                output::line(&format!("  what to do: {hint}"))?;
            }
        }
        Ok(())
    }
}

impl ShowArgs {
    /// A backfill in pieces has no entries of its own.
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

/// What is known of the run as a whole; of what several steps say, the last word counts.
fn facts(entries: &[Entry]) -> Vec<(&'static str, String)> {
    let text = |of: fn(&Entry) -> Option<&String>| entries.iter().rev().find_map(of).cloned();
    let from = entries.iter().rev().find_map(|entry| entry.from);
    let to = entries.iter().rev().find_map(|entry| entry.to);
    let version = entries.iter().rev().find_map(|entry| entry.version);
    let horizon = entries.iter().rev().find_map(|entry| entry.horizon);
    let taken = version.and_then(|version| DateTime::from_timestamp_micros(i64::try_from(version).ok()?));
    let tries_more =
        entries.iter().filter(|entry| entry.state == State::Started && entry.attempt > 1).count();
    let facts = [
        ("run", entries.first().map(|entry| entry.run.to_string())),
        ("kind", text(|entry| entry.kind.as_ref())),
        ("form", text(|entry| entry.form.as_ref())),
        ("range", from.zip(to).map(|(from, to)| format!("{} to {}", second(from), second(to)))),
        ("version", version.map(|version| version.to_string())),
        ("snapshot", text(|entry| entry.snapshot.as_ref())),
        ("horizon", horizon.map(|at| horizon_text(at, taken))),
        ("retries", (tries_more > 0).then(|| tries_more.to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn horizon_text(horizon: DateTime<Utc>, taken: Option<DateTime<Utc>>) -> String {
    let age = taken.map(|taken| format!(", {} before the snapshot", seconds(taken - horizon)));
    format!("{}{}", second(horizon), age.unwrap_or_default())
}

fn row(entry: &Entry) -> Vec<String> {
    let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
    let took = entry.duration_ms.and_then(|took| i64::try_from(took).ok()).map(TimeDelta::milliseconds);
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

fn seconds(span: TimeDelta) -> String {
    let milliseconds = span.num_milliseconds().max(0);
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
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
            facts(&[entry(State::Started, 1), entry(State::Failed, 1), entry(State::Started, 2), done]);
        assert!(told.contains(&("kind", "tick".to_owned())));
        assert!(told.contains(&("retries", "1".to_owned())));
        let horizon = "2024-01-15 07:59:57Z, 2.500 s before the snapshot";
        assert!(told.contains(&("horizon", horizon.to_owned())), "{told:?}");
    }
}
