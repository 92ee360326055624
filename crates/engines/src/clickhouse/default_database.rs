//! The database `default`, as a server has it.
//!
//! On its own the engine makes `default` a view of the machine's files laid over an ordinary database, where a path
//! is a table. It leaves that out when it is told of no default database; then one must exist already, so its
//! metadata is written before the engine starts.

use std::fs;
use std::path::Path;

use bionicpro_model::{Error, Kind, Result};

/// Writes the metadata of `default` when they are missing.
pub(super) fn prepare(engine_dir: &Path) -> Result<()> {
    let metadata = engine_dir.join("metadata");
    let file = metadata.join("default.sql");
    if file.exists() {
        return Ok(());
    }
    // A link is left by an engine that ran without the file: its name is the database's id.
    let known = fs::read_link(metadata.join("default"))
        .ok()
        .and_then(|target| target.file_name()?.to_str()?.parse::<uuid::Uuid>().ok());
    let id = known.unwrap_or_else(uuid::Uuid::new_v4);
    let aside = metadata.join("default.sql.new");
    let write = || {
        fs::create_dir_all(&metadata)?;
        fs::write(&aside, format!("ATTACH DATABASE _ UUID '{id}'\nENGINE = Atomic\n"))?;
        fs::rename(&aside, &file)
    };
    write().map_err(|error: std::io::Error| {
        Error::new(Kind::Storage, "the warehouse's data directory fails")
            .detail(format!("{} cannot be written", file.display()))
            .hint("check that the directory is writable and the disk has room")
            .source(error)
    })
}
