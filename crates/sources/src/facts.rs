//! Facts about a source server and the privileges of the account, for `bionicpro doctor`, which explains
//! them.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};

use crate::Database;
use crate::transaction::Begin;

/// The oldest release that is supported, as `server_version_num`.
pub const OLDEST_VERSION: i32 = 140_000;

/// A server and an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The release, as the server writes it.
    pub version: String,
    /// The release as a number, such as 180004.
    pub version_number: i32,
    /// The server's clock.
    pub clock: DateTime<Utc>,
    /// True if the server is a standby: it replays another server's log and accepts no writes.
    pub is_standby: bool,
    /// True if the account sees when the transactions of other accounts began.
    pub sees_all_transactions: bool,
    /// True if the account could write: it is a superuser or owns the database.
    pub could_write: bool,
}

impl Database {
    /// Queries facts about the server and the account.
    ///
    /// # Errors
    /// `Unreachable` and `Config` from the connection.
    pub async fn facts(&self) -> Result<Facts> {
        let session = self.connect().await?;
        let fail = |error| session.place.error(error);
        session.begin(Begin::READ_COMMITTED).await?;
        let row = session.row(include_str!("facts.sql"), &[]).await?;
        session.end().await?;
        Ok(Facts {
            version: row.try_get(0).map_err(fail)?,
            version_number: row.try_get(1).map_err(fail)?,
            clock: row.try_get(2).map_err(fail)?,
            is_standby: row.try_get(3).map_err(fail)?,
            sees_all_transactions: row.try_get(4).map_err(fail)?,
            could_write: row.try_get(5).map_err(fail)?,
        })
    }
}
