//! Checks of the sources, based on the ledger: unreadable values, days that are due for a comparison or
//! differ.

use bionicpro_model::{Error, Result};
use bionicpro_pipeline::PipelineContext;
use bionicpro_pipeline::compare::{Outstanding, outstanding};
use bionicpro_warehouse::ledger::{self, Entry, State, Step};

use super::Finding;
use super::checks::not_configured;
use crate::config::Config;

const PART: &str = "pipeline";

/// The number of newest runs to read: two days at one run every 15 minutes.
const RUNS_LOOKED_AT: u32 = 200;

pub(super) async fn pipeline(config: &Config) -> Vec<Finding> {
    for (key, is_set) in [
        ("crm.url", config.crm.url.is_some()),
        ("telemetry.url", config.telemetry.url.is_some()),
        ("warehouse.url", config.warehouse.url.is_some()),
        ("stage.url", config.stage.url.is_some()),
    ] {
        if !is_set {
            return vec![not_configured(PART, key)];
        }
    }
    match checks(config).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::failed(PART, "runs", &error)],
    }
}

async fn checks(config: &Config) -> Result<Vec<Finding>, Error> {
    let context = PipelineContext::new(
        &config.crm,
        &config.telemetry,
        &config.warehouse,
        &config.stage,
        &config.pipeline,
    )?;
    let runs = ledger::runs(context.warehouse(), RUNS_LOOKED_AT).await?;
    let entries: Vec<Entry> = runs.into_iter().flatten().collect();
    Ok(vec![unreadable(&entries), comparison(outstanding(&context).await?.as_ref())])
}

/// Reports the unreadable values of the newest full run. Incremental runs read too few values for this.
fn unreadable(entries: &[Entry]) -> Finding {
    let done =
        |step: Step| entries.iter().filter(move |entry| entry.step == step && entry.state == State::Done);
    let is_full = |entry: &&Entry| entry.kind.as_deref() == Some("full");
    let Some(telemetry) = done(Step::ExtractTelemetryData).filter(is_full).max_by_key(|entry| entry.at)
    else {
        return Finding::ok(PART, "values", "none of the last runs was a full run, which reads all of them");
    };
    let crm =
        done(Step::ExtractCrmData).filter(|entry| entry.run == telemetry.run).max_by_key(|entry| entry.at);
    let found: Vec<&Entry> =
        crm.into_iter().chain([telemetry]).filter(|entry| entry.unreadable.unwrap_or(0) > 0).collect();
    if found.is_empty() {
        return Finding::ok(PART, "values", "the newest full run read all of them");
    }
    let count: u64 = found.iter().filter_map(|entry| entry.unreadable).sum();
    let named: Vec<&str> = found.iter().filter_map(|entry| entry.notes.as_deref()).collect();
    Finding::warning(
        PART,
        "values",
        format!("{count} cells or values cannot be read, the others are loaded: {}", named.join("; ")),
        "correct them in the source: every full run reads them again",
    )
}

fn comparison(outstanding: Option<&Outstanding>) -> Finding {
    let Some(Outstanding { due, unmended }) = outstanding else {
        return Finding::ok(PART, "comparison", "no loaded day before the lookback is in the source");
    };
    if let (Some(first), Some(last)) = (unmended.first(), unmended.last()) {
        return Finding::warning(
            PART,
            "comparison",
            format!(
                "{} days from {first} to {last} differ from the source: too many rows would vanish in a repair",
                unmended.len()
            ),
            "`bionicpro etl compare --all` reports the rows, and how to confirm the repair",
        );
    }
    match due {
        0 => Finding::ok(PART, "comparison", "every day of the retention is compared with the source"),
        due => Finding::warning(
            PART,
            "comparison",
            format!("{due} days of the retention are due for a comparison with the source"),
            "`etl schedule` compares some after each run; otherwise run `bionicpro etl compare`, from cron or Airflow",
        ),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};

    use super::*;
    use crate::commands::doctor::State as Found;

    #[test]
    fn what_the_newest_full_run_could_not_read_is_named() {
        let entry = |run: &str, second: i64, kind: &str, unreadable: u64| Entry {
            kind: Some(kind.to_owned()),
            unreadable: Some(unreadable),
            notes: (unreadable > 0).then(|| "chip \"X\"".to_owned()),
            ..Entry::new(
                run.parse().unwrap(),
                Step::ExtractTelemetryData,
                State::Done,
                1,
                DateTime::from_timestamp(second, 0).unwrap(),
            )
        };
        let found = unreadable(&[entry("a", 1, "full", 2), entry("b", 2, "tick", 0)]);
        assert_eq!(found.state, Found::Warning);
        assert!(found.found.contains("chip \"X\""), "{}", found.found);
        assert_eq!(unreadable(&[entry("a", 1, "full", 2), entry("c", 3, "full", 0)]).state, Found::Ok);
    }

    #[test]
    fn days_that_are_due_or_differ_are_warnings() {
        let state = |due, unmended: &[NaiveDate]| {
            comparison(Some(&Outstanding { due, unmended: unmended.to_vec() })).state
        };
        assert_eq!(state(0, &[]), Found::Ok);
        assert_eq!(state(4, &[]), Found::Warning);
        assert_eq!(state(1, &[NaiveDate::default()]), Found::Warning);
        assert_eq!(comparison(None).state, Found::Ok);
    }
}
