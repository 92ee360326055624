//! One consistent read of a source: a read-only REPEATABLE READ transaction, shared by several sessions.

use bionicpro_model::{Result, Snapshot};
use chrono::{DateTime, Utc};

use crate::Database;
use crate::connect::Session;

/// Serialises "take a snapshot, then read the clock" between runs: an older snapshot then never gets the newer
/// time, and the mart's versions order as the snapshots do. Held for a few statements.
const CLOCK_LOCK: i64 = 0x62_69_6f_6e_69_63;

/// The snapshot that a session holds until it ends.
pub(crate) struct Held {
    pub(crate) snapshot: Snapshot,
    pub(crate) others: Others,
    exported: String,
}

/// What else went on in the database just before the snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Others {
    /// The oldest open transaction that the account sees, but those of this program.
    pub(crate) oldest: Option<OpenTransaction>,
    /// Sessions hide when their transactions began (`track_activities` is off).
    pub(crate) some_hide: bool,
    /// When the first of the prepared transactions was prepared: it began earlier, and nothing tells when.
    pub(crate) prepared_at: Option<DateTime<Utc>>,
    /// Up to when the server has the data: the replayed moment on a standby that lags, its clock elsewhere.
    pub(crate) data_until: DateTime<Utc>,
}

/// A transaction that may still write.
#[derive(Debug, Clone)]
pub(crate) struct OpenTransaction {
    pub(crate) began: DateTime<Utc>,
    pub(crate) pid: i32,
    pub(crate) application: String,
}

impl Held {
    /// Takes a snapshot in a session, with a version above `floor`.
    pub(crate) async fn take(session: &Session, floor: u64) -> Result<Held> {
        let fail = |error| session.place.error(error);
        let (lock, unlock) = (
            format!("SELECT pg_advisory_lock({CLOCK_LOCK})"),
            format!("SELECT pg_advisory_unlock({CLOCK_LOCK})"),
        );
        // They travel together and run in this order. Open transactions come first: what begins after them is younger.
        // Then the prepared ones: a transaction that is prepared between the two was already seen open.
        let ((), open, prepared, (), row, ()) = tokio::try_join!(
            biased;
            session.execute(&lock),
            session.row(include_str!("open_transactions.sql"), &[]),
            session.row(include_str!("prepared.sql"), &[]),
            session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            session.row("SELECT pg_export_snapshot(), pg_current_snapshot()::text, clock_timestamp()", &[]),
            session.execute(&unlock),
        )?;
        let exported = row.try_get(0).map_err(fail)?;
        let snapshot = Snapshot::new(row.try_get(2).map_err(fail)?, row.try_get(1).map_err(fail)?, floor);
        let began: Option<DateTime<Utc>> = open.try_get(0).map_err(fail)?;
        let oldest = match began {
            Some(began) => Some(OpenTransaction {
                began,
                pid: open.try_get(1).map_err(fail)?,
                application: open.try_get(2).map_err(fail)?,
            }),
            None => None,
        };
        let others = Others {
            oldest,
            some_hide: open.try_get(3).map_err(fail)?,
            data_until: open.try_get(4).map_err(fail)?,
            prepared_at: prepared.try_get(0).map_err(fail)?,
        };
        Ok(Held { snapshot, others, exported })
    }

    /// The moment before which no row can appear any more, as far as the account sees.
    pub(crate) fn horizon(&self) -> DateTime<Utc> {
        let open = self.others.oldest.as_ref().map(|transaction| transaction.began);
        let known = [open, self.others.prepared_at].into_iter().flatten().min();
        let until = self.others.data_until.min(self.snapshot.taken_at);
        known.map_or(until, |began| began.min(until))
    }

    /// Another session that sees exactly what the holder sees.
    pub(crate) async fn join(&self, database: &Database) -> Result<Session> {
        let session = database.connect().await?;
        // The server made this id of hexadecimal digits and dashes; quoted all the same.
        let id = self.exported.replace('\'', "''");
        session
            .execute(&format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{id}'"
            ))
            .await?;
        Ok(session)
    }
}
