//! The manifest of a data set: its files, columns and origin.

use bionicpro_warehouse::schema::Column;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The mark of a folder written by this program.
pub(super) const MADE_BY: &str = "bionicpro ml export";

/// The manifest of a data set. It contains nothing about the export itself: the same rows give the same
/// manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportManifest {
    /// The command.
    pub made_by: String,
    /// The version of this program.
    pub program: String,
    /// The version of the engine that wrote the files: another version may encode the same rows in different
    /// bytes.
    pub engine: String,
    /// The first UTC day.
    pub from: NaiveDate,
    /// The end, not included.
    pub to: NaiveDate,
    /// The past instant as of which the mart was exported; left out if the rows are those of the time of
    /// reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// The newest moment that the mart reflected before the first day was read; left out in an export as of
    /// an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_as_of: Option<DateTime<Utc>>,
    /// Rows of all files.
    pub rows: u64,
    /// The columns of each file.
    pub columns: Vec<ExportColumn>,
    /// The files, oldest day first; a day without rows has one too.
    pub files: Vec<ExportedFile>,
}

/// A column of the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportColumn {
    /// Its name.
    pub name: String,
    /// The type of its values in ClickHouse.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A file of the data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its path in the folder: `date=2024-01-15/part-0.parquet`.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl ExportedFile {
    /// Returns the path of a day's file.
    pub(super) fn path_of(day: NaiveDate) -> String {
        format!("{DAY}{day}/{PART}")
    }
}

/// The beginning of the name of a day's folder, as Hive names partitions.
pub(super) const DAY: &str = "date=";
/// The name of the file in it.
pub(super) const PART: &str = "part-0.parquet";

impl From<&Column> for ExportColumn {
    fn from((name, kind): &Column) -> Self {
        ExportColumn { name: (*name).to_owned(), kind: (*kind).to_owned() }
    }
}
