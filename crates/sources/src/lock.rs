//! A lock between processes: an advisory lock in the telemetry database.
//!
//! The server releases it when the session ends, however the holder died, so no stale lock has to be broken.

use bionicpro_model::Result;

use crate::Database;
use crate::connect::Session;

/// A held lock; dropping it lets go.
pub struct Lock {
    session: Session,
}

impl Lock {
    /// Takes the lock of this name, waiting for whoever holds it.
    ///
    /// Names are told apart by a 64-bit hash. The lock is the database server's: programs that read different
    /// servers do not see each other.
    pub async fn take(database: &Database, name: &str) -> Result<Lock> {
        let session = database.connect().await?;
        let sql = "SELECT pg_advisory_lock(hashtextextended($1, 0))";
        session.client.execute(sql, &[&name]).await.map_err(|error| session.place.error(error))?;
        Ok(Lock { session })
    }

    /// Takes the lock of this name when nobody holds it; none when somebody does.
    pub async fn try_take(database: &Database, name: &str) -> Result<Option<Lock>> {
        let session = database.connect().await?;
        let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
        let row = session.client.query_one(sql, &[&name]).await;
        let taken: bool = row.and_then(|row| row.try_get(0)).map_err(|error| session.place.error(error))?;
        Ok(taken.then_some(Lock { session }))
    }

    /// Whether the session that holds the lock still lives.
    pub async fn is_held(&self) -> bool {
        self.session.client.query_one("SELECT 1", &[]).await.is_ok()
    }
}
