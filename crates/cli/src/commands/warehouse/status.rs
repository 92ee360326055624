//! `bionicpro warehouse status`: versions, sizes, freshness.

use bionicpro_model::Result;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::status::Status;
use chrono::{DateTime, Utc};
use clap::Args;

use crate::context::Context;
use crate::output;

/// Show the schema version, the size and the freshness of the warehouse.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl StatusArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let status = Warehouse::new(&context.config.warehouse)?.status().await?;
        if self.json {
            return output::json(&status);
        }
        for line in summary(&status, Utc::now()) {
            output::line(&line)?;
        }
        let rows = status.tables.iter().map(|table| {
            vec![table.name.clone(), table.rows.to_string(), size(table.bytes), table.parts.to_string()]
        });
        output::table(&["TABLE", "ROWS", "SIZE", "PARTS"], rows)
    }
}

fn summary(status: &Status, now: DateTime<Utc>) -> [String; 3] {
    let schema = match (status.schema_version, status.program_version) {
        (0, _) => "none; run `bionicpro warehouse migrate`".to_owned(),
        (has, needs) if has < needs => format!("{has} of {needs}; run `bionicpro warehouse migrate`"),
        (has, needs) if has > needs => format!("{has}, newer than this program's {needs}"),
        (has, _) => has.to_string(),
    };
    let fresh = status.data_as_of.map_or("no load yet".to_owned(), |at| {
        format!("{} ({} minutes ago)", at.format("%Y-%m-%dT%H:%M:%SZ"), (now - at).num_minutes())
    });
    [
        format!("ClickHouse  {}, database {}", status.engine_version, status.database),
        format!("schema      {schema}"),
        format!("data as of  {fresh}"),
    ]
}

/// Formats bytes in the largest unit in which they are at least 1.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_an_old_and_a_newer_database_are_told_apart() {
        let now = DateTime::UNIX_EPOCH;
        let status = |schema_version| Status {
            engine_version: "26.7.3.1".to_owned(),
            database: "reports".to_owned(),
            schema_version,
            program_version: 12,
            data_as_of: (schema_version > 0).then(|| now - chrono::TimeDelta::minutes(20)),
            tables: Vec::new(),
        };
        let [engine, schema, fresh] = summary(&status(0), now);
        assert_eq!(engine, "ClickHouse  26.7.3.1, database reports");
        assert_eq!(schema, "schema      none; run `bionicpro warehouse migrate`");
        assert_eq!(fresh, "data as of  no load yet");
        assert!(summary(&status(3), now)[1].contains("3 of 12"));
        assert!(summary(&status(13), now)[1].contains("newer"));
        assert_eq!(summary(&status(12), now)[1], "schema      12");
        assert_eq!(summary(&status(12), now)[2], "data as of  1969-12-31T23:40:00Z (20 minutes ago)");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!([size(0), size(1023), size(1536), size(5 << 30)], ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    }
}
