//! The file back end: SQLite in WAL mode, so that readers never wait for a writer, in this process or
//! another.
//!
//! A commit survives the end of the process immediately, and a power failure only after the next WAL
//! checkpoint. Calls block for microseconds, so they run on the blocking threads of the runtime.

mod open;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::{Expiry, Key};

/// Interval between removals of expired records, in milliseconds. Until then, reads ignore them.
const SWEEP_EVERY_MS: i64 = 60_000;

/// Clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct FileStore(Arc<Connections>);

#[derive(Debug)]
struct Connections {
    /// Separate from the writer, so that a call that waits for another process's write does not block
    /// readers.
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
    swept_at_ms: AtomicI64,
}

impl FileStore {
    pub(crate) async fn open(url: &SecretUrl) -> Result<Self> {
        let folder = url.expose_secret().to_file_path().map_err(|()| {
            Error::new(Kind::Config, "store.url is not a local folder")
                .detail(url.to_string())
                .hint("write store.url with three slashes, as in file:///var/lib/bionicpro/store")
        })?;
        let (reader, writer) = blocking(move || open::folder(&folder)).await?;
        let (reader, writer) = (Mutex::new(reader), Mutex::new(writer));
        Ok(FileStore(Arc::new(Connections { reader, writer, swept_at_ms: AtomicI64::new(0) })))
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.read(|store, _| store.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))).await
    }

    pub(crate) async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let keys = keys.to_vec();
        self.read(move |store, now_ms| {
            // One read transaction, so that all values come from the same point in time.
            let moment = store.unchecked_transaction()?;
            let mut select = moment.prepare_cached(
                "SELECT value FROM records WHERE key = ?1 AND (expires_at_ms IS NULL OR expires_at_ms > ?2)",
            )?;
            let mut one =
                |key: &Key| select.query_row(params![key.as_str(), now_ms], |row| row.get(0)).optional();
            keys.iter().map(&mut one).collect()
        })
        .await
    }

    pub(crate) async fn put(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<()> {
        let (key, value) = (key.clone(), value.to_vec());
        self.write(move |store, now_ms| {
            store
                .prepare_cached(
                    "INSERT INTO records VALUES (?1, ?2, ?3) ON CONFLICT (key) \
                     DO UPDATE SET value = excluded.value, expires_at_ms = excluded.expires_at_ms",
                )?
                .execute(params![key.as_str(), value, expiry.at_ms(now_ms)])
                .map(|_| ())
        })
        .await
    }

    pub(crate) async fn put_if_absent(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<bool> {
        let (key, value) = (key.clone(), value.to_vec());
        self.write(move |store, now_ms| {
            store
                .prepare_cached(
                    "INSERT INTO records VALUES (?1, ?2, ?3) ON CONFLICT (key) \
                     DO UPDATE SET value = excluded.value, expires_at_ms = excluded.expires_at_ms \
                     WHERE records.expires_at_ms <= ?4",
                )?
                .execute(params![key.as_str(), value, expiry.at_ms(now_ms), now_ms])
                .map(|changed| changed == 1)
        })
        .await
    }

    pub(crate) async fn replace(
        &self,
        key: &Key,
        expected: &[u8],
        value: &[u8],
        expiry: Expiry,
    ) -> Result<bool> {
        let (key, expected, value) = (key.clone(), expected.to_vec(), value.to_vec());
        self.write(move |store, now_ms| {
            store
                .prepare_cached(
                    "UPDATE records SET value = ?3, expires_at_ms = ?4 WHERE key = ?1 AND value = ?2 \
                     AND (expires_at_ms IS NULL OR expires_at_ms > ?5)",
                )?
                .execute(params![key.as_str(), expected, value, expiry.at_ms(now_ms), now_ms])
                .map(|changed| changed == 1)
        })
        .await
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<bool> {
        let key = key.clone();
        self.write(move |store, now_ms| {
            store
                .prepare_cached(
                    "DELETE FROM records WHERE key = ?1 AND (expires_at_ms IS NULL OR expires_at_ms > ?2)",
                )?
                .execute(params![key.as_str(), now_ms])
                .map(|changed| changed == 1)
        })
        .await
    }

    pub(crate) async fn remove_if(&self, key: &Key, expected: &[u8]) -> Result<bool> {
        let (key, expected) = (key.clone(), expected.to_vec());
        self.write(move |store, now_ms| {
            store
                .prepare_cached(
                    "DELETE FROM records WHERE key = ?1 AND value = ?2 \
                     AND (expires_at_ms IS NULL OR expires_at_ms > ?3)",
                )?
                .execute(params![key.as_str(), expected, now_ms])
                .map(|changed| changed == 1)
        })
        .await
    }

    pub(crate) async fn add_member(&self, set: &Key, member: &str, keep: Duration) -> Result<()> {
        let (set, member) = (set.clone(), member.to_owned());
        self.write(move |store, now_ms| {
            store
                .prepare_cached(
                    "INSERT INTO members VALUES (?1, ?2, ?3) ON CONFLICT (owner, member) \
                     DO UPDATE SET expires_at_ms = excluded.expires_at_ms",
                )?
                .execute(params![set.as_str(), member, Expiry::In(keep).at_ms(now_ms)])
                .map(|_| ())
        })
        .await
    }

    pub(crate) async fn remove_member(&self, set: &Key, member: &str) -> Result<()> {
        let (set, member) = (set.clone(), member.to_owned());
        self.write(move |store, _| {
            store
                .prepare_cached("DELETE FROM members WHERE owner = ?1 AND member = ?2")?
                .execute(params![set.as_str(), member])
                .map(|_| ())
        })
        .await
    }

    pub(crate) async fn members(&self, set: &Key) -> Result<Vec<String>> {
        let set = set.clone();
        self.read(move |store, now_ms| {
            store
                .prepare_cached("SELECT member FROM members WHERE owner = ?1 AND expires_at_ms > ?2")?
                .query_map(params![set.as_str(), now_ms], |row| row.get(0))?
                .collect()
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connections = self.0.clone();
        blocking(move || {
            let reader = connections.reader.lock().unwrap_or_else(PoisonError::into_inner);
            work(&reader, now_ms()).map_err(failed)
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connections = self.0.clone();
        blocking(move || {
            let writer = connections.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let now_ms = now_ms();
            let done = work(&writer, now_ms).map_err(failed)?;
            let swept_at_ms = connections.swept_at_ms.load(Ordering::Relaxed);
            if now_ms.saturating_sub(swept_at_ms) >= SWEEP_EVERY_MS {
                connections.swept_at_ms.store(now_ms, Ordering::Relaxed);
                sweep(&writer, now_ms).map_err(failed)?;
            }
            Ok(done)
        })
        .await
    }
}

impl Expiry {
    fn at_ms(self, now_ms: i64) -> Option<i64> {
        match self {
            Expiry::Never => None,
            Expiry::In(keep) => Some(now_ms.saturating_add(self::millis(keep))),
        }
    }
}

/// Removes expired records and set members.
fn sweep(store: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    store.execute("DELETE FROM records WHERE expires_at_ms <= ?1", [now_ms])?;
    store.execute("DELETE FROM members WHERE expires_at_ms <= ?1", [now_ms])?;
    Ok(())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1)
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::new(Kind::Internal, "a store call panicked or was cancelled").source(error))?
}

fn failed(error: rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Kind::Storage,
        _ => Kind::Unreachable,
    };
    Error::new(kind, "the store does not answer")
        .hint("check the folder in store.url: its owner, its permissions and the free space on its disk")
        .source(error)
}

#[cfg(test)]
mod tests;
