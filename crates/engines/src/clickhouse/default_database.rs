//! The database `default`, as a server has it.
//!
//! By itself the engine overlays `default` with the machine's files, so that a path is a table. It does not
//! if the configuration names no default database; then `default` must exist already, so its metadata is
//! written before the engine starts.

use std::fs;
use std::path::Path;

use bionicpro_model::{Error, Kind, Result};

/// Writes the metadata of `default` if it is missing.
pub(super) fn prepare(engine_dir: &Path) -> Result<()> {
    let metadata = engine_dir.join("metadata");
    let file = metadata.join("default.sql");
    if file.exists() {
        return Ok(());
    }
    // An engine that ran without the file has left a link: the name of its target is the database's id.
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
        Error::new(Kind::Storage, "cannot use the warehouse's data directory")
            .detail(format!("{} cannot be written", file.display()))
            .hint("check that the directory is writable and the disk has free space")
            .source(error)
    })
}
