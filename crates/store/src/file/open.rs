//! Opens the file of the store, and makes it where it is missing: readable by its owner only, with its tables.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// The file within the folder; SQLite keeps two more beside it.
pub(super) const FILE: &str = "store.sqlite3";
/// How long a write waits for that of another process.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the change to WAL is tried: SQLite does not wait for it when two processes make the file at once.
const ATTEMPTS: u32 = 50;

/// A connection for reading and one for writing.
pub(super) fn folder(folder: &Path) -> Result<(Connection, Connection)> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Storage, "the folder of the store cannot be used")
            .detail(folder.display().to_string())
            .hint("store.url must name a folder that this account may write to, on a local disk")
            .source(error)
    };
    bionicpro_disk::keep(folder, Readers::Owner, |name| name.starts_with(FILE))
        .map_err(|error| unusable(error.into()))?;
    let path = folder.join(FILE);
    // SQLite would make it readable for everybody; the files beside it take over its rights.
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
    // Each connection stands behind a lock of ours, so that it needs none of its own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // What was removed is overwritten.
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
