//! What operators see of the pipeline: its ledger, through the account that reads. Nobody's numbers.

use bionicpro_model::{Result, RunId};
use clickhouse::query::Query;

use super::MartReader;
use crate::ledger::{Entry, Row, by_run, entries};

impl MartReader {
    /// The entries of the newest `limit` runs, newest run first, each run's entries in the order of time.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Vec<Entry>>> {
        let query = self.query(include_str!("../ledger/runs.sql")).await?.param("limit", limit);
        Ok(by_run(self.ledger(query).await?))
    }

    /// The entries of one run in the order of time; empty when the ledger has none.
    pub async fn ledger_of(&self, run: &RunId) -> Result<Vec<Entry>> {
        let query = self.query(include_str!("../ledger/run.sql")).await?.param("run", run.as_str());
        self.ledger(query).await
    }

    /// How the newest load that came to an end has ended.
    pub async fn newest_load(&self) -> Result<Option<Entry>> {
        let query = self.query(include_str!("../ledger/newest_load.sql")).await?;
        Ok(self.ledger(query).await?.pop())
    }

    async fn ledger(&self, query: Query) -> Result<Vec<Entry>> {
        entries(self.run("reading the ledger", query.fetch_all::<Row>()).await?)
    }
}
