//! The pipeline's ledger for operators, read through the read-only account. It contains no measurements of a
//! person.

use bionicpro_model::{Result, RunId};
use clickhouse::query::Query;

use super::MartReader;
use crate::ledger::{Entry, Row, by_run, entries};

impl MartReader {
    /// Returns the entries of the newest `limit` runs, newest run first, each run's entries in chronological
    /// order.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Vec<Entry>>> {
        let query = self.query(include_str!("../ledger/runs.sql")).await?.param("limit", limit);
        Ok(by_run(self.ledger(query).await?))
    }

    /// Returns the entries of one run in chronological order; empty if the ledger has none.
    pub async fn ledger_of(&self, run: &RunId) -> Result<Vec<Entry>> {
        let query = self.query(include_str!("../ledger/run.sql")).await?.param("run", run.as_str());
        self.ledger(query).await
    }

    /// Returns the final entry of the newest load that has finished, successfully or not.
    pub async fn newest_load(&self) -> Result<Option<Entry>> {
        let query = self.query(include_str!("../ledger/newest_load.sql")).await?;
        Ok(self.ledger(query).await?.pop())
    }

    async fn ledger(&self, query: Query) -> Result<Vec<Entry>> {
        entries(self.run("reading the ledger", query.fetch_all::<Row>()).await?)
    }
}
