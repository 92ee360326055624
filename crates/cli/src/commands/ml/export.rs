//! `bionicpro ml export`: days of the mart as Parquet files, without personal data.

use std::path::PathBuf;

use bionicpro_model::Result;
use bionicpro_model::hours::parse_instant;
use bionicpro_pipeline::export::{ExportSpec, export};
use bionicpro_warehouse::Warehouse;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use crate::context::Context;
use crate::output;

/// Write days of the mart as Parquet files without personal data, the same bytes for the same rows.
///
/// DIR gets a file for each UTC day, `date=2024-01-15/part-0.parquet`, and `manifest.json` with rows, lengths
/// and checksums. It appears only once it is complete, and replaces a former export. Prints a summary as one
/// JSON line, in which `manifest_sha256` identifies the whole export. Reads with the account of
/// warehouse.url: `ml` is sufficient.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The first UTC day: 2024-01-15.
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The end of the range, not included.
    #[arg(long, value_name = "DATE")]
    to: NaiveDate,
    /// Write the rows as they were known at this instant: 2024-02-15T12:00:00Z. These are the rows of the
    /// newest run before it, for the hours that were over for that run. Without it, the current rows of the
    /// mart.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_of: Option<DateTime<Utc>>,
    /// The folder to write: a new or an empty one, or a former export.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ExportArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let warehouse = Warehouse::new(&context.config.warehouse)?;
        let spec = ExportSpec { from: self.from, to: self.to, as_of: self.as_of, out: &self.out };
        let (manifest, sha256) = export(&warehouse, spec).await?;
        output::json(&serde_json::json!({
            "out": self.out,
            "from": manifest.from,
            "to": manifest.to,
            "as_of": manifest.as_of,
            "data_as_of": manifest.data_as_of,
            "files": manifest.files.len(),
            "rows": manifest.rows,
            "bytes": manifest.files.iter().map(|file| file.bytes).sum::<u64>(),
            "manifest_sha256": sha256,
        }))
    }
}
