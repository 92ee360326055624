//! The checks of the two source databases.

use bionicpro_model::Result;

use bionicpro_sources::crm::Prosthesis;
use bionicpro_sources::facts::OLDEST_VERSION;
use bionicpro_sources::{Changes, Crm, CrmConfig, Database, Facts, Telemetry, TelemetryConfig};
use chrono::{DateTime, TimeDelta, Utc};

use super::Finding;
use super::checks::not_configured;

/// The maximum clock difference in seconds: a larger one distorts freshness and the expiry of tokens.
const MAX_CLOCK_SKEW_S: i64 = 5;
/// The maximum age of the horizon, two incremental runs: an older one is held back by a forgotten
/// transaction.
const MAX_HORIZON_AGE: TimeDelta = TimeDelta::minutes(30);

pub(super) async fn crm(config: &CrmConfig) -> Vec<Finding> {
    const PART: &str = "crm";
    if config.url.is_none() {
        return vec![not_configured(PART, "crm.url")];
    }
    let (mut findings, database) = server(PART, Database::crm(config)).await;
    if let Some(database) = database {
        let read = Crm::read(&database, config, 0).await;
        findings.push(Finding::of(PART, "tables", read.map(|crm| people(&crm))));
    }
    findings
}

/// Counts customers and prostheses, and the prostheses whose optional columns are set.
fn people(crm: &Crm) -> String {
    let of = |known: fn(&Prosthesis) -> bool| crm.prostheses.iter().filter(|row| known(row)).count();
    format!(
        "{} customers, {} prostheses; known of them: {} serial numbers, {} days of manufacture, {} warranties",
        crm.customers.len(),
        crm.prostheses.len(),
        of(|row| !row.serial_number.is_empty()),
        of(|row| row.manufactured_on.is_some()),
        of(|row| row.warranty_until.is_some()),
    )
}

pub(super) async fn telemetry(config: &TelemetryConfig) -> Vec<Finding> {
    const PART: &str = "telemetry";
    if config.url.is_none() {
        return vec![not_configured(PART, "telemetry.url")];
    }
    let (mut findings, database) = server(PART, Database::telemetry(config)).await;
    let Some(database) = database else { return findings };
    match Telemetry::open(&database, config, 0).await {
        Ok(telemetry) => {
            findings.push(Finding::ok(PART, "tables", format!("{}.{}", config.schema, config.table)));
            findings.push(new_rows(PART, telemetry.changes()));
            findings.push(horizon(PART, telemetry.snapshot().taken_at - telemetry.horizon()));
        }
        Err(error) => findings.push(Finding::failed(PART, "tables", &error)),
    }
    findings
}

/// Checks reachability, version, rights and clock; returns the database too if it was reached.
async fn server(part: &'static str, database: Result<Database>) -> (Vec<Finding>, Option<Database>) {
    let database = match database {
        Ok(database) => database,
        Err(error) => return (vec![Finding::failed(part, "configuration", &error)], None),
    };
    match database.facts().await {
        Ok(facts) => {
            (vec![version(part, &facts), rights(part, &facts), clock(part, facts.clock)], Some(database))
        }
        Err(error) => (vec![Finding::failed(part, "reach", &error)], None),
    }
}

fn version(part: &'static str, facts: &Facts) -> Finding {
    let found = format!("PostgreSQL {}{}", facts.version, if facts.is_standby { ", a standby" } else { "" });
    if facts.version_number >= OLDEST_VERSION {
        return Finding::ok(part, "reach", found);
    }
    Finding::warning(
        part,
        "reach",
        found,
        "PostgreSQL 14 is the oldest release that is tested: upgrade the source",
    )
}

fn rights(part: &'static str, facts: &Facts) -> Finding {
    if facts.could_write {
        return Finding::warning(
            part,
            "rights",
            "the account could write to this database",
            "give the pipeline an account of its own with SELECT only; the pipeline never writes, but a stolen password could",
        );
    }
    if !facts.sees_all_transactions {
        return Finding::warning(
            part,
            "rights",
            "the account cannot see when other transactions began",
            "GRANT pg_read_all_stats TO the account, so that the horizon is known exactly",
        );
    }
    Finding::ok(part, "rights", "reads only, sees all transactions")
}

/// Reports how an incremental run finds new rows, and what would improve it.
fn new_rows(part: &'static str, changes: &Changes) -> Finding {
    let found = format!("{}: {}", changes.form, changes.reason);
    if let Some(holder) = &changes.held_back_by {
        return Finding::warning(
            part,
            "new rows",
            format!("{found}; held back by {holder}"),
            "end that transaction: it delays new rows, and PostgreSQL cannot vacuum the rows that it may see",
        );
    }
    match changes.ddl.is_empty() {
        true if changes.is_exact => Finding::ok(part, "new rows", found),
        true => Finding::warning(
            part,
            "new rows",
            found,
            "`bionicpro etl compare` finds the rows that incremental runs miss (`etl schedule` runs it); with an xid8 column that a trigger sets, none are missed",
        ),
        false => Finding::warning(
            part,
            "new rows",
            found,
            format!("the owner of the table may run: {};", changes.ddl.join("; ")),
        ),
    }
}

fn horizon(part: &'static str, age: TimeDelta) -> Finding {
    let found = format!("{} s behind the snapshot", age.num_seconds());
    if age <= MAX_HORIZON_AGE {
        return Finding::ok(part, "horizon", found);
    }
    Finding::warning(
        part,
        "horizon",
        found,
        "end the oldest transaction: SELECT pid, application_name, xact_start FROM pg_stat_activity ORDER BY xact_start",
    )
}

/// Compares a server's clock with this machine's.
pub(super) fn clock(part: &'static str, theirs: DateTime<Utc>) -> Finding {
    let skew = (theirs - Utc::now()).num_seconds();
    if skew.abs() <= MAX_CLOCK_SKEW_S {
        return Finding::ok(part, "clock", format!("within {MAX_CLOCK_SKEW_S} s of this machine's"));
    }
    let found = format!("{} s {} this machine's", skew.abs(), if skew > 0 { "ahead of" } else { "behind" });
    Finding::warning(part, "clock", found, "synchronise both clocks (NTP)")
}

#[cfg(test)]
mod tests {
    use bionicpro_sources::Form;
    use bionicpro_sources::changes::Holder;

    use super::*;
    use crate::commands::doctor::State;

    #[test]
    fn a_skewed_clock_and_a_held_horizon_are_warnings() {
        assert_eq!(clock("crm", Utc::now()).state, State::Ok);
        assert_eq!(clock("crm", Utc::now() - TimeDelta::minutes(2)).state, State::Warning);
        assert_eq!(horizon("telemetry", TimeDelta::seconds(3)).state, State::Ok);
        assert_eq!(horizon("telemetry", TimeDelta::hours(3)).state, State::Warning);
    }

    #[test]
    fn a_form_that_could_be_better_offers_its_statements() {
        let best = Changes {
            form: Form::TransactionColumn,
            reason: "the column inserted_by".into(),
            is_exact: true,
            ddl: Vec::new(),
            held_back_by: None,
        };
        assert_eq!(new_rows("telemetry", &best).state, State::Ok);
        let worse = Changes { form: Form::RowXmin, ddl: vec!["ALTER TABLE t".into()], ..best.clone() };
        assert_eq!(new_rows("telemetry", &worse).state, State::Warning);
        let holder = Holder { pid: 7, application: "psql".into(), age_s: 3600 };
        let held = new_rows("telemetry", &Changes { held_back_by: Some(holder), ..best });
        assert_eq!(held.state, State::Warning);
    }

    #[test]
    fn an_account_that_could_write_is_a_warning() {
        let facts = Facts {
            version: "18.4".into(),
            version_number: 180_004,
            clock: Utc::now(),
            is_standby: false,
            sees_all_transactions: true,
            could_write: false,
        };
        assert_eq!(rights("crm", &facts).state, State::Ok);
        assert_eq!(rights("crm", &Facts { could_write: true, ..facts.clone() }).state, State::Warning);
        assert_eq!(
            rights("crm", &Facts { sees_all_transactions: false, ..facts.clone() }).state,
            State::Warning
        );
        assert_eq!(version("crm", &Facts { version_number: 130_011, ..facts }).state, State::Warning);
    }
}
