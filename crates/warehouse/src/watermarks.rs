//! `marks`: watermarks, each the version up to which a condition holds.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::Serialize;

use crate::Warehouse;

/// The condition of a watermark; its version only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watermark {
    /// The dimensions are those of a CRM state of this version.
    Dimensions,
    /// No row of the dimensions was stored at a greater version.
    Changing,
    /// Every stored row of the mart agrees with the dimensions of this version on its person and prosthesis.
    Restated,
    /// No row was restated to a greater version.
    Written,
    /// The history covers the mart's rows at this version and at each later one.
    History,
    /// Every load up to this number has stored all changes that it announced.
    Settled,
}

#[derive(Row, Serialize)]
struct WatermarkRow {
    name: String,
    version: u64,
}

impl Watermark {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Watermark::Dimensions => "dimensions",
            Watermark::Changing => "changing",
            Watermark::Restated => "restated",
            Watermark::Written => "written",
            Watermark::History => "history",
            Watermark::Settled => "settled",
        }
    }
}

impl Warehouse {
    /// Advances watermarks to a version, once their conditions hold for it.
    pub(crate) async fn mark(&self, marks: &[Watermark], version: u64) -> Result<()> {
        let rows: Vec<WatermarkRow> =
            marks.iter().map(|mark| WatermarkRow { name: mark.name().to_owned(), version }).collect();
        self.insert("marks", "writing a watermark", &rows).await
    }
}
