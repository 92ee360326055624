//! A lock between processes: an advisory lock in the telemetry database.
//!
//! The server releases it when the session ends, however the holder died, so no stale lock has to be broken.

use bionicpro_model::Result;
use tokio_postgres::types::Type;

use crate::connect::Session;

/// A held lock; dropping it lets go.
pub struct Lock {
    session: Session,
}

impl Lock {
    /// Takes the lock of this name in a session, which becomes the lock's, waiting for whoever holds it.
    ///
    /// Names are told apart by a 64-bit hash. The lock is the database server's: programs that read different
    /// servers do not see each other.
    pub async fn take(session: Session, name: &str) -> Result<Lock> {
        ask(&session, "SELECT pg_advisory_lock(hashtextextended($1, 0)) IS NOT NULL", name).await?;
        Ok(Lock { session })
    }

    /// Takes the lock of this name when nobody holds it; none when somebody does.
    pub async fn try_take(session: Session, name: &str) -> Result<Option<Lock>> {
        let taken = ask(&session, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name).await?;
        Ok(taken.then_some(Lock { session }))
    }

    /// Whether the session that holds the lock still lives.
    pub async fn is_held(&self) -> bool {
        self.session.execute("SELECT 1").await.is_ok()
    }
}

async fn ask(session: &Session, sql: &str, name: &str) -> Result<bool> {
    let rows = session.client.query_typed(sql, &[(&name, Type::TEXT)]).await;
    let answer =
        rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<bool>, _>>());
    answer.map(|answer| answer == [true]).map_err(|error| session.place.error(error))
}
