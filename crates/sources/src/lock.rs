//! A lock between processes: an advisory lock in the telemetry database.
//!
//! It belongs to a transaction, not to a session, so that a pooler in transaction mode cannot hand it to
//! another client. The server releases it when the transaction ends, however the holder died, so no stale
//! lock has to be broken.

use std::time::Duration;

use bionicpro_model::Result;
use tokio_postgres::types::Type;

use crate::connect::Session;
use crate::snapshot::READER_LOCK;
use crate::transaction::Begin;

/// The time that a release may take before the connection is dropped.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// A held lock; dropping it releases it too, at the cost of the connection.
pub struct Lock {
    session: Session,
}

impl Lock {
    /// Acquires the lock of this name, waiting for its current holder; the session then belongs to the lock.
    ///
    /// Names are distinguished by a 64-bit hash. The lock exists on the database server: programs that read
    /// different servers do not exclude each other.
    pub async fn take(session: Session, name: &str) -> Result<Lock> {
        ask(&session, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) IS NOT NULL", name).await?;
        Ok(Lock { session })
    }

    /// Acquires the lock of this name if it is free; `None` if another session holds it.
    pub async fn try_take(session: Session, name: &str) -> Result<Option<Lock>> {
        if ask(&session, "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", name).await? {
            return Ok(Some(Lock { session }));
        }
        session.end().await?;
        Ok(None)
    }

    /// Returns whether the transaction that holds the lock is still alive.
    pub async fn is_held(&self) -> bool {
        self.session.execute("SELECT 1").await.is_ok()
    }

    /// Releases the lock, and returns the connection to a pooler as it was.
    pub async fn release(self) {
        // If the connection is broken, the server has released the lock already; if it does not respond, it
        // is closed.
        let _ = tokio::time::timeout(RELEASE_TIMEOUT, self.session.end()).await;
    }
}

async fn ask(session: &Session, sql: &str, name: &str) -> Result<bool> {
    let badge = format!("SELECT pg_advisory_xact_lock_shared({READER_LOCK})");
    let begin = format!("{}; {badge}", Begin::READ_COMMITTED.sql(session.version));
    let asking = async {
        let rows = session.client.query_typed(sql, &[(&name, Type::TEXT)]).await;
        let answer =
            rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<bool>, _>>());
        answer.map(|answer| answer == [true]).map_err(|error| session.place.error(error))
    };
    let ((), answer) = tokio::try_join!(biased; session.execute(&begin), asking)?;
    Ok(answer)
}
