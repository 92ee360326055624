//! Exports a range of days of the mart as a data set on disk: a Parquet file for each day, without personal
//! data, and a manifest.
//!
//! The same rows give the same bytes. A data set appears complete or not at all.

mod folder;
mod manifest;

use std::path::Path;

use bionicpro_model::hours::midnight;
use bionicpro_model::{Error, HourRange, Kind, Result};
use bionicpro_warehouse::{Warehouse, ledger, load, ml};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};

use self::folder::Folder;
pub use self::manifest::{ExportColumn, ExportManifest, ExportedFile};

/// A range of days and the folder to write them into.
#[derive(Debug, Clone, Copy)]
pub struct ExportSpec<'a> {
    /// The first UTC day.
    pub from: NaiveDate,
    /// The end, not included.
    pub to: NaiveDate,
    /// The past instant as of which the mart is exported; `None` for its present state.
    pub as_of: Option<DateTime<Utc>>,
    /// The folder of the data set; an earlier export there is replaced.
    pub out: &'a Path,
}

/// Writes the days of a range into a folder; returns the manifest and its SHA-256, which identifies the data
/// set.
///
/// Days are read one after the other, each as of a single moment. The privileges of the account `ml` are
/// enough.
///
/// # Errors
/// `Usage` if the range is empty or not within the mart, if the history does not cover `as_of`, or if the
/// folder holds anything but an earlier export; `Data` if the mart is empty; `Storage` if the folder cannot
/// be written. The folder is unchanged after an error.
pub async fn export(warehouse: &Warehouse, spec: ExportSpec<'_>) -> Result<(ExportManifest, String)> {
    let range = HourRange::new(midnight(spec.from), midnight(spec.to))?;
    within_the_mart(warehouse, spec.from, spec.to).await?;
    let data_as_of = match spec.as_of {
        // Later runs do not change the state as of an earlier instant.
        Some(as_of) => within_the_history(warehouse, as_of).await.map(|()| None)?,
        // Read before the first row, so that every row is at least as new.
        None => ledger::data_as_of(warehouse).await?,
    };
    let mut manifest = ExportManifest {
        made_by: manifest::MADE_BY.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        engine: warehouse.ping().await?,
        from: spec.from,
        to: spec.to,
        as_of: spec.as_of,
        data_as_of,
        rows: 0,
        columns: ml::HOURS.iter().map(ExportColumn::from).collect(),
        files: Vec::new(),
    };
    let folder = Folder::open(spec.out)?;
    for day in range.days() {
        let day = day.from().date_naive();
        let file =
            folder.write(&ExportedFile::path_of(day), ml::hours_of(warehouse, day, spec.as_of)?).await?;
        tracing::debug!(%day, rows = file.rows, "exported");
        manifest.rows += file.rows;
        manifest.files.push(file);
    }
    let sha256 = folder.finish(&manifest)?;
    Ok((manifest, sha256))
}

/// Refuses an instant that the history does not cover: before the first run nothing was known, and the state
/// at an instant after the newest run may still change.
async fn within_the_history(warehouse: &Warehouse, as_of: DateTime<Utc>) -> Result<()> {
    let range = load::history_range(warehouse).await?;
    if range.is_some_and(|range| range.from <= as_of && as_of <= range.to) {
        return Ok(());
    }
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let covered = match range {
        Some(range) => format!("the history goes from {} to {}", text(range.from), text(range.to)),
        None => format!("{} has no history yet", warehouse.database()),
    };
    Err(Error::new(Kind::Usage, "the history of the mart does not cover that instant")
        .detail(format!("requested {}, {covered}", text(as_of)))
        .hint("choose --as-of within it, or leave it out to export the present state of the mart"))
}

/// Refuses days that the mart does not hold: in a data set, they would look like days without movements.
async fn within_the_mart(warehouse: &Warehouse, from: NaiveDate, to: NaiveDate) -> Result<()> {
    let Some((first, last)) = load::days(warehouse).await? else {
        return Err(Error::new(Kind::Data, "the mart is empty")
            .detail(warehouse.database().to_owned())
            .hint("run `bionicpro etl run` first, or check which database warehouse.url names"));
    };
    let end = last.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    if from >= first && to <= end {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "the mart does not hold all of these days")
        .detail(format!("requested {from} to {to}, the mart holds {first} to {end}, the end not included"))
        .hint("choose --from and --to within them"))
}
