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
/// DIR gets a file for each UTC day, `date=2024-01-15/part-0.parquet`, and `manifest.json` with rows, lengths and checksums.
/// It appears when all of it is written; a former export there is replaced. One JSON line says what was written;
/// `manifest_sha256` stands for the whole of it. Reads with the account of warehouse.url: `ml` is enough.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The first UTC day: 2024-01-15.
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The end of the range, not included.
    #[arg(long, value_name = "DATE")]
    to: NaiveDate,
    /// Write the rows as they were known at this instant: 2024-02-15T12:00:00Z. They are those of the newest run before it, and
    /// of the hours that were over for that run. Without it, the rows of the mart as they are now.
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
