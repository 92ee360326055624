//! One consistent read of a source: a read-only REPEATABLE READ transaction, shared by several sessions.
//!
//! A snapshot does not protect against a table being rewritten: an older snapshot sees the new file as empty.
//! So the tables are locked first (ACCESS SHARE, which only blocks rewriting), and the snapshot is taken
//! under the locks.

use std::time::{Duration, Instant};

use bionicpro_model::{Error, Kind, Result, Snapshot};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use crate::Database;
use crate::connect::Session;
use crate::transaction::{Begin, EXTRA_LOCK_TIMEOUT, LOCK_TIMEOUT, NO_TIMEOUT};

/// Serialises "take a snapshot, then read the clock" between runs: an older snapshot then never gets the
/// newer time, and the mart's versions have the order of the snapshots. Held for a few statements of one
/// message.
const CLOCK_LOCK: i64 = 0x62_69_6f_6e_69_63;

/// Held, shared, by every long transaction of this program: its sessions only read, so they do not hold back
/// the horizon. An application name would not distinguish them: behind a pooler a writer may have the same
/// one.
pub(crate) const READER_LOCK: i64 = CLOCK_LOCK + 1;

/// The time to wait for a table that another session is changing.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two attempts.
const LOCK_RETRY: Duration = Duration::from_millis(200);

/// The tables that a snapshot reads.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    /// Their quoted names, with the schema.
    pub(crate) names: Vec<String>,
    /// As [`Begin::policies_apply`].
    pub(crate) policies_apply: bool,
}

/// The snapshot that a session holds until it ends.
pub(crate) struct Held {
    pub(crate) snapshot: Snapshot,
    pub(crate) others: Others,
    exported: String,
    tables: Tables,
    /// True if the account may lock the tables explicitly; otherwise it holds their locks by having read from
    /// them.
    may_lock: bool,
}

/// Other activity in the database just before the snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Others {
    /// The oldest open transaction that the account sees, except those of this program.
    pub(crate) oldest: Option<OpenTransaction>,
    /// True if some sessions hide when their transactions began (`track_activities` is off).
    pub(crate) some_hide: bool,
    /// The time at which the first of the prepared transactions was prepared: it began earlier, at an unknown
    /// time.
    pub(crate) prepared_at: Option<DateTime<Utc>>,
    /// The time up to which the server has the data: that of the last replayed transaction on a standby that
    /// lags, the server clock otherwise.
    pub(crate) data_until: DateTime<Utc>,
}

/// A transaction that may still write.
#[derive(Debug, Clone)]
pub(crate) struct OpenTransaction {
    pub(crate) began: DateTime<Utc>,
    pub(crate) pid: i32,
    pub(crate) application: String,
}

/// The reason why a snapshot was not taken.
enum Refused {
    /// Another session is changing a table.
    Busy,
    /// The account may not lock a table, or it is of a kind that cannot be locked.
    NotLockable,
    /// A table does not exist, at least not at this moment.
    NoTable,
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Failed(error)
    }
}

impl Held {
    /// Takes a snapshot in a session, with a version above `floor`, and runs `rest` under it in the same
    /// round trip.
    ///
    /// # Errors
    /// `Unreachable` when a table stays locked by another session, and the errors of `rest`.
    pub(crate) async fn take<'a, T>(
        database: &Database,
        session: &Session,
        tables: &Tables,
        floor: u64,
        rest: impl Fn() -> BoxFuture<'a, Result<T>> + Sync,
    ) -> Result<(Held, T)> {
        let began = Instant::now();
        // Holds the locks of a table that cannot be locked explicitly, until the session has read from it
        // itself.
        let mut guard: Option<Session> = None;
        loop {
            let may_lock = guard.is_none();
            let attempt = async {
                let taking = attempt(session, tables, may_lock, floor);
                let asking = async { rest().await.map_err(Refused::Failed) };
                let (held, rest) = tokio::try_join!(biased; taking, asking)?;
                if !may_lock {
                    lock_by_reading(session, tables).await?;
                }
                Ok((held, rest))
            };
            let refused = match attempt.await {
                Ok(taken) => {
                    if let Some(guard) = guard {
                        guard.end().await?;
                    }
                    return Ok(taken);
                }
                Err(refused) => refused,
            };
            if let Refused::Failed(error) = refused {
                return Err(error);
            }
            session.execute(&format!("ROLLBACK; SELECT pg_advisory_unlock({CLOCK_LOCK})")).await?;
            match refused {
                Refused::NotLockable if guard.is_none() => guard = Some(guarding(database, tables).await?),
                Refused::NoTable => {
                    // `rest` names the missing table in its error. If it finds them all, a table was being
                    // replaced.
                    session.begin(Begin::READ_COMMITTED).await?;
                    rest().await?;
                    session.execute("ROLLBACK").await?;
                }
                _ => guard = None,
            }
            if began.elapsed() > LOCK_PATIENCE {
                return Err(busy(session, tables));
            }
            tokio::time::sleep(LOCK_RETRY).await;
        }
    }

    /// The moment before which no new row can appear, as far as the account sees.
    pub(crate) fn horizon(&self) -> DateTime<Utc> {
        let open = self.others.oldest.as_ref().map(|transaction| transaction.began);
        let known = [open, self.others.prepared_at].into_iter().flatten().min();
        let until = self.others.data_until.min(self.snapshot.taken_at);
        known.map_or(until, |began| began.min(until))
    }

    /// Another session that sees exactly what the holder sees; `None` if a session that waits for the
    /// holder's locks is in its way, if the server or a pooler has no connection available, or if the URL led
    /// to another server.
    pub(crate) async fn join(&self, database: &Database) -> Result<Option<Session>> {
        match self.try_join(database).await {
            // No rows were read in it: `Data` means a snapshot that this server does not know, or a table
            // that is gone.
            Err(error) if matches!(error.kind(), Kind::Unreachable | Kind::Data) => {
                tracing::info!(error = %error.report(), "continuing with fewer connections");
                Ok(None)
            }
            joined => joined.map(Some),
        }
    }

    async fn try_join(&self, database: &Database) -> Result<Session> {
        let session = database.connect().await?;
        let begin = Begin {
            is_snapshot: true,
            lock_timeout: EXTRA_LOCK_TIMEOUT,
            policies_apply: self.tables.policies_apply,
        };
        // The server built this id from hexadecimal digits and dashes; it is quoted all the same.
        let import = format!("SET TRANSACTION SNAPSHOT '{}'", self.exported.replace('\'', "''"));
        let mut statements = vec![begin.sql(session.version)];
        match self.may_lock {
            true => statements.extend([lock(&self.tables), import, badge()]),
            false => statements.extend([import, badge(), read(&self.tables)]),
        }
        statements.push(SAVEPOINT.to_owned());
        session.execute(&statements.join("; ")).await?;
        Ok(session)
    }
}

/// The savepoint that a session returns to after an error: its snapshot and its locks are older.
const SAVEPOINT: &str = "SAVEPOINT reading";

/// Marks a transaction as one of this program.
fn badge() -> String {
    format!("SELECT pg_advisory_xact_lock_shared({READER_LOCK})")
}

impl Session {
    /// Continues under the same snapshot after a failed statement.
    pub(crate) async fn recover(&self) -> Result<()> {
        self.execute("ROLLBACK TO SAVEPOINT reading").await
    }
}

fn lock(tables: &Tables) -> String {
    format!("LOCK TABLE {} IN ACCESS SHARE MODE", tables.names.join(", "))
}

/// Reads no row from the tables, but thereby locks them and all of their parts.
fn read(tables: &Tables) -> String {
    let each: Vec<String> = tables.names.iter().map(|table| format!("SELECT FROM {table} LIMIT 0")).collect();
    each.join("; ")
}

/// Locks the tables by reading from them and renews the savepoint, so that the locks outlive
/// [`Session::recover`].
async fn lock_by_reading(session: &Session, tables: &Tables) -> Result<(), Refused> {
    let sql = format!("{}; RELEASE {SAVEPOINT}; {SAVEPOINT}", read(tables));
    session.client.batch_execute(&sql).await.map_err(|error| refused(session, error))
}

/// A session that holds the locks by having read from the tables, and no snapshot.
async fn guarding(database: &Database, tables: &Tables) -> Result<Session> {
    let session = database.connect().await?;
    let begin = Begin { policies_apply: tables.policies_apply, ..Begin::READ_COMMITTED };
    let begin = Begin { lock_timeout: LOCK_PATIENCE, ..begin };
    session.execute(&format!("{}; {}; {}", begin.sql(session.version), badge(), read(tables))).await?;
    Ok(session)
}

/// The positions of results in the message that takes the snapshot, among those of its statements that return
/// rows.
const OTHERS: usize = 1;
const OWN: usize = 2;
const STATE: usize = 3;
const TAKEN: usize = 4;

/// Takes the snapshot in one message, so that a pooler in transaction mode cannot intervene although it
/// contains two transactions: the lock on the clock belongs to the session, and is released within the
/// message.
///
/// Open transactions are read first: those that begin later are younger. Prepared ones follow: a transaction
/// that is prepared between the two was already seen as open. Our own sessions are read after the open ones:
/// a session that replaced a writer in the meantime did so after the writer's end.
async fn attempt(session: &Session, tables: &Tables, may_lock: bool, floor: u64) -> Result<Held, Refused> {
    let looking = Begin { lock_timeout: NO_TIMEOUT, ..Begin::READ_COMMITTED };
    let reading =
        Begin { is_snapshot: true, lock_timeout: LOCK_TIMEOUT, policies_apply: tables.policies_apply };
    let statements = [
        looking.sql(session.version),
        format!("SELECT pg_advisory_lock({CLOCK_LOCK})"),
        include_str!("open_transactions.sql").trim_end().to_owned(),
        include_str!("own_sessions.sql").trim_end().replace("{key}", &READER_LOCK.to_string()),
        include_str!("server_state.sql").trim_end().to_owned(),
        "COMMIT".to_owned(),
        reading.sql(session.version),
        if may_lock { lock(tables) } else { String::new() },
        include_str!("take.sql").trim_end().replace("{key}", &READER_LOCK.to_string()),
        format!("SELECT pg_advisory_unlock({CLOCK_LOCK})"),
        SAVEPOINT.to_owned(),
    ];
    let answer = session.client.simple_query(&statements.join(";\n")).await;
    let answer = Answer::of(session, answer.map_err(|error| refused(session, error))?);

    let own: Vec<i32> = answer.rows(OWN).map(|row| row.number(0)).collect::<Result<_>>()?;
    let (mut oldest, mut some_hide) = (None, false);
    for row in answer.rows(OTHERS) {
        let pid: i32 = row.number(0)?;
        if own.contains(&pid) {
            continue;
        }
        some_hide |= row.text(3) == Some("t");
        if let Some(began) = row.instant(2)? {
            let application = row.text(1).unwrap_or_default().to_owned();
            let open = OpenTransaction { began, pid, application };
            if oldest.as_ref().is_none_or(|oldest: &OpenTransaction| open.began < oldest.began) {
                oldest = Some(open);
            }
        }
    }
    let state = answer.row(STATE)?;
    let taken = answer.row(TAKEN)?;
    let missing = || internal(session);
    let others = Others {
        oldest,
        some_hide,
        prepared_at: state.instant(0)?,
        data_until: state.instant(1)?.ok_or_else(missing)?,
    };
    let transactions = taken.text(1).ok_or_else(missing)?.to_owned();
    let taken_at = taken.instant(2)?.ok_or_else(missing)?;
    Ok(Held {
        snapshot: Snapshot::new(taken_at, transactions, floor),
        others,
        exported: taken.text(0).ok_or_else(missing)?.to_owned(),
        tables: tables.clone(),
        may_lock,
    })
}

fn refused(session: &Session, error: tokio_postgres::Error) -> Refused {
    match error.code() {
        // If two sessions wait for each other's parts of a table, the server ends one of them.
        Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED) => Refused::Busy,
        Some(&SqlState::WRONG_OBJECT_TYPE) => Refused::NotLockable,
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) if is_lock_privilege(&error) => Refused::NotLockable,
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => Refused::NoTable,
        _ => Refused::Failed(session.place.error(error)),
    }
}

/// Returns true if the server refused the lock, rather than the read.
fn is_lock_privilege(error: &tokio_postgres::Error) -> bool {
    let routine = error.as_db_error().and_then(tokio_postgres::error::DbError::routine);
    routine != Some("check_enable_rls")
}

fn busy(session: &Session, tables: &Tables) -> Error {
    Error::new(Kind::Unreachable, "a table of the source stays locked by another session")
        .detail(format!("{}: {}", session.place.name, tables.names.join(", ")))
        .hint(
            "ALTER, TRUNCATE, VACUUM FULL, CLUSTER or a transaction that did one of them has not finished; \
             SELECT pid, query FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids(...)) shows it",
        )
}

fn internal(session: &Session) -> Error {
    Error::new(Kind::Internal, "a source returned no result").detail(session.place.name)
}

/// The results of a message of several statements, statement by statement.
struct Answer<'a> {
    session: &'a Session,
    /// The rows of those statements that return rows, in their order.
    statements: Vec<Vec<tokio_postgres::SimpleQueryRow>>,
}

struct Line<'a> {
    session: &'a Session,
    row: &'a tokio_postgres::SimpleQueryRow,
}

impl<'a> Answer<'a> {
    fn of(session: &'a Session, messages: Vec<SimpleQueryMessage>) -> Answer<'a> {
        let mut statements: Vec<Vec<tokio_postgres::SimpleQueryRow>> = Vec::new();
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(_) => statements.push(Vec::new()),
                SimpleQueryMessage::Row(row) => {
                    if let Some(statement) = statements.last_mut() {
                        statement.push(row);
                    }
                }
                _ => {}
            }
        }
        Answer { session, statements }
    }

    fn rows(&self, statement: usize) -> impl Iterator<Item = Line<'_>> {
        let rows = self.statements.get(statement).into_iter().flatten();
        rows.map(|row| Line { session: self.session, row })
    }

    fn row(&self, statement: usize) -> Result<Line<'_>> {
        self.rows(statement).next().ok_or_else(|| internal(self.session))
    }
}

impl<'a> Line<'a> {
    fn text(&self, column: usize) -> Option<&'a str> {
        self.row.get(column)
    }

    fn number<T: std::str::FromStr>(&self, column: usize) -> Result<T> {
        self.text(column).and_then(|text| text.parse().ok()).ok_or_else(|| internal(self.session))
    }

    /// Parses an instant in microseconds since 1970.
    fn instant(&self, column: usize) -> Result<Option<DateTime<Utc>>> {
        match self.text(column) {
            None => Ok(None),
            Some(_) => Ok(DateTime::from_timestamp_micros(self.number(column)?)),
        }
    }
}
