//! Where the endpoints get a person's hours from: the one way from a route to anybody's numbers.

use std::sync::Arc;

use bionicpro_model::Result;
use bionicpro_reports::{Hours, Month};
use bionicpro_warehouse::Reports;

use crate::wearer::Wearer;

/// Reads people's hours.
pub(crate) struct Reader {
    reports: Reports,
}

impl Reader {
    pub(crate) fn new(reports: Reports) -> Self {
        Reader { reports }
    }

    /// The wearer with the hours of the months that a question needs; without months, what is known without numbers.
    pub(crate) async fn hours(&self, wearer: &Wearer, months: &[Month]) -> Result<Hours> {
        let (person, months) = self.reports.person(&wearer.name, months).await?;
        Ok(Hours::new(Arc::new(person), months.into_iter().map(Arc::new).collect()))
    }
}
