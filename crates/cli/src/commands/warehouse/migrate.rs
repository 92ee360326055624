//! `bionicpro warehouse migrate`: brings the schema up to date and prints the changes.

use bionicpro_model::Result;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::migrate::MigrationReport;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Bring the schema up to date. May be repeated at any time, and run concurrently.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Only print what would be done.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl MigrateArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let warehouse = Warehouse::new(&context.config.warehouse)?;
        let report = warehouse.migrate(self.dry_run).await?;
        if self.json {
            output::json(&report)
        } else {
            lines(&report).iter().try_for_each(|line| output::line(line))
        }
    }
}

fn lines(report: &MigrationReport) -> Vec<String> {
    let (apply, keep) = if report.dry_run { ("would apply", "would set") } else { ("applied", "set") };
    let mut lines: Vec<String> = report.applied.iter().map(|name| format!("{apply} {name}")).collect();
    if let Some(retention) = &report.retention {
        lines.push(format!("{keep} the mart's retention: {retention}"));
    }
    let database = &report.database;
    lines.push(match (report.applied.len(), report.dry_run) {
        (0, _) => format!("database {database} has schema {}: nothing to apply", report.to_version),
        (_, true) => format!(
            "database {database} has schema {}, would have {}",
            report.from_version, report.to_version
        ),
        (_, false) => {
            format!("database {database} had schema {}, has {}", report.from_version, report.to_version)
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(applied: &[&str], dry_run: bool) -> MigrationReport {
        MigrationReport {
            database: "reports".to_owned(),
            from_version: 12 - u32::try_from(applied.len()).unwrap(),
            to_version: 12,
            applied: applied.iter().map(|&name| name.to_owned()).collect(),
            retention: None,
            dry_run,
        }
    }

    #[test]
    fn each_outcome_is_told_apart() {
        assert_eq!(lines(&report(&[], false)), ["database reports has schema 12: nothing to apply"]);
        assert_eq!(
            lines(&report(&["0012_ml_prostheses"], false)),
            ["applied 0012_ml_prostheses", "database reports had schema 11, has 12"]
        );
        assert_eq!(
            lines(&report(&["0012_ml_prostheses"], true)),
            ["would apply 0012_ml_prostheses", "database reports has schema 11, would have 12"]
        );
    }
}
