//! Opens the store's file, and creates it if missing: readable by its owner only, with its tables.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// The database file in the folder; SQLite keeps two more files next to it.
pub(super) const FILE: &str = "store.sqlite3";
/// Longest wait of a write for the write of another process.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest number of retries of the switch to WAL: SQLite does not wait for it when two processes create the
/// file at the same time.
const ATTEMPTS: u32 = 50;

/// Opens a connection for reading and one for writing.
pub(super) fn folder(folder: &Path) -> Result<(Connection, Connection)> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Storage, "cannot use the folder of the store")
            .detail(folder.display().to_string())
            .hint("store.url must name a folder that this account may write to, on a local disk")
            .source(error)
    };
    bionicpro_disk::keep(folder, Readers::Owner, |name| name.starts_with(FILE))
        .map_err(|error| unusable(error.into()))?;
    let path = folder.join(FILE);
    // SQLite would create it readable for everybody. The files next to it inherit its permissions.
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    file.map_err(|error| unusable(error.into()))?;
    let open = || -> rusqlite::Result<(Connection, Connection)> {
        let writer = connect(&path)?;
        use_wal(&writer)?;
        writer.execute_batch(include_str!("schema.sql"))?;
        Ok((connect(&path)?, writer))
    };
    open().map_err(|error| unusable(error.into()))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Each connection is guarded by a mutex of ours, so it needs none of its own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Overwrites deleted content with zeros.
    connection.pragma_update(None, "secure_delete", "ON")?;
    Ok(connection)
}

fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mut attempt = 0;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && attempt < ATTEMPTS =>
            {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            done => return done,
        }
    }
}
