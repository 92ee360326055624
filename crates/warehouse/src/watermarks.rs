//! `marks`: up to which version something is true.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::Serialize;

use crate::Warehouse;

/// What a mark says; a mark only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watermark {
    /// The dimensions are those of a CRM state of this version.
    Dimensions,
    /// No row of the dimensions was stored at a greater version.
    Changing,
    /// Every stored row of the mart says of its person and prosthesis what the dimensions of this version say.
    Restated,
    /// No row was restated to a greater version.
    Written,
    /// The history tells what the mart said at this version and at each one since.
    History,
    /// Every load up to this number has stored all that it announced.
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
    /// Moves marks to a version, once what they say is true.
    pub(crate) async fn mark(&self, marks: &[Watermark], version: u64) -> Result<()> {
        let rows: Vec<WatermarkRow> =
            marks.iter().map(|mark| WatermarkRow { name: mark.name().to_owned(), version }).collect();
        self.insert("marks", "writing a mark", &rows).await
    }
}
