//! One consistent read of a source: a read-only REPEATABLE READ transaction, shared by several sessions.

use bionicpro_model::{Result, Snapshot};
use chrono::{DateTime, Utc};

use crate::Database;
use crate::connect::Session;

/// Serialises "take a snapshot, then read the clock" between runs: an older snapshot then never gets the newer
/// time, and the mart's versions order as the snapshots do. Held for two statements.
const CLOCK_LOCK: i64 = 0x62_69_6f_6e_69_63;

/// A snapshot that lasts as long as this value.
pub(crate) struct Held {
    pub(crate) session: Session,
    pub(crate) snapshot: Snapshot,
    pub(crate) horizon: DateTime<Utc>,
    exported: String,
}

impl Held {
    /// Opens a session and takes a snapshot in it.
    pub(crate) async fn take(database: &Database) -> Result<Held> {
        let session = database.connect().await?;
        let fail = |error| database.place().error(error);
        session.execute(&format!("SELECT pg_advisory_lock({CLOCK_LOCK})")).await?;
        // The horizon comes first: what starts after it is younger than it.
        let row = session.client.query_one(include_str!("horizon.sql"), &[]).await.map_err(fail)?;
        let oldest: DateTime<Utc> = row.try_get(0).map_err(fail)?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let sql = "SELECT pg_export_snapshot(), pg_current_snapshot()::text, clock_timestamp()";
        let row = session.client.query_one(sql, &[]).await.map_err(fail)?;
        let exported = row.try_get(0).map_err(fail)?;
        let snapshot =
            Snapshot { transactions: row.try_get(1).map_err(fail)?, taken_at: row.try_get(2).map_err(fail)? };
        session.execute(&format!("SELECT pg_advisory_unlock({CLOCK_LOCK})")).await?;
        let horizon = oldest.min(snapshot.taken_at);
        Ok(Held { session, snapshot, horizon, exported })
    }

    /// Another session that sees exactly what this one sees.
    pub(crate) async fn join(&self, database: &Database) -> Result<Session> {
        let session = database.connect().await?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        // The server made this id of hexadecimal digits and dashes; quoted all the same.
        let id = self.exported.replace('\'', "''");
        session.execute(&format!("SET TRANSACTION SNAPSHOT '{id}'")).await?;
        Ok(session)
    }
}
