//! The folder of a data set: written to a temporary folder, then moved into place atomically.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256, digest};
use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result, hex};
use bionicpro_warehouse::ml;
use chrono::NaiveDate;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::manifest::{DAY, ExportManifest, ExportedFile, MADE_BY, PART};

const MANIFEST: &str = "manifest.json";

/// A data set that is being written.
pub(super) struct Folder {
    path: PathBuf,
    /// The temporary folder, next to `path` and on the same disk. The next export removes what a killed one
    /// left in it.
    aside: PathBuf,
    /// Holds the lock on the temporary folder while this export writes.
    _lock: File,
}

impl Folder {
    /// Prepares an empty temporary folder.
    pub(super) fn open(path: &Path) -> Result<Folder> {
        // A symbolic link stays as it is: its target is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let Some(name) = path.file_name() else {
            return Err(Error::new(Kind::Usage, "not the name of a folder")
                .detail(path.display().to_string())
                .hint("name a new folder with --out"));
        };
        is_free(&path)?;
        let aside = path.with_file_name(format!(".export-{}", name.to_string_lossy()));
        let failed = |error| not_written(&aside, error);
        bionicpro_disk::make(&aside, Readers::Owner).map_err(failed)?;
        let lock = File::open(&aside).map_err(failed)?;
        if lock.try_lock().is_err() {
            return Err(Error::new(Kind::Usage, "another export is writing into this folder")
                .detail(path.display().to_string())
                .hint("wait until it ends, or name another folder with --out"));
        }
        if let Some(stranger) = stranger(&aside).map_err(failed)? {
            return Err(foreign(&stranger));
        }
        for entry in fs::read_dir(&aside).map_err(failed)? {
            let entry = entry.map_err(failed)?.path();
            let removed = if entry.is_dir() { fs::remove_dir_all(&entry) } else { fs::remove_file(&entry) };
            removed.map_err(failed)?;
        }
        Ok(Folder { path, aside, _lock: lock })
    }

    /// Writes one file, then reads its footer to check that the file is complete, and for its number of rows.
    pub(super) async fn write(&self, name: &str, mut pieces: ml::File) -> Result<ExportedFile> {
        let path = self.aside.join(name);
        let failed = |error| not_written(&path, error);
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(failed)?;
        }
        let mut file = create(&path).map_err(failed)?;
        let (mut digest, mut bytes) = (Context::new(&SHA256), 0);
        while let Some(piece) = pieces.next().await? {
            digest.update(&piece);
            bytes += piece.len() as u64;
            file.write_all(&piece).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        let written = SerializedFileReader::new(File::open(&path).map_err(failed)?).map_err(|error| {
            Error::new(Kind::Unreachable, "the warehouse sent an incomplete file")
                .detail(name.to_owned())
                .hint("run the same command again")
                .source(error)
        })?;
        let rows = written.metadata().file_metadata().num_rows();
        Ok(ExportedFile {
            path: name.to_owned(),
            rows: u64::try_from(rows).unwrap_or_default(),
            bytes,
            sha256: hex(digest.finish().as_ref()),
        })
    }

    /// Writes the manifest and moves the folder into place; returns the manifest's SHA-256.
    pub(super) fn finish(self, manifest: &ExportManifest) -> Result<String> {
        let mut text = serde_json::to_vec_pretty(manifest)
            .map_err(|error| Error::new(Kind::Internal, "a manifest cannot be written").source(error))?;
        text.push(b'\n');
        let path = self.aside.join(MANIFEST);
        let write = || {
            let mut file = create(&path)?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write().map_err(|error| not_written(&path, error))?;
        // The folder may have been filled meanwhile.
        is_free(&self.path)?;
        let placed = match self.path.exists() {
            true => bionicpro_disk::exchange(&self.aside, &self.path),
            false => fs::rename(&self.aside, &self.path),
        };
        placed.map_err(|error| not_written(&self.path, error))?;
        Ok(hex(digest(&SHA256, &text).as_ref()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // An unfinished or a replaced data set. If this fails, the next export removes it.
        let _ = fs::remove_dir_all(&self.aside);
    }
}

/// Refuses a folder that holds anything other than a complete earlier export; a missing or an empty one is
/// free.
fn is_free(path: &Path) -> Result<()> {
    let unreadable = |error| {
        Error::new(Kind::Usage, "the folder of the export cannot be read")
            .detail(path.display().to_string())
            .hint("name another one with --out")
            .source(error)
    };
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let manifest = path.join(MANIFEST);
    let text = fs::read(&manifest).unwrap_or_default();
    let is_ours = serde_json::from_slice::<serde_json::Value>(&text)
        .is_ok_and(|manifest| manifest["made_by"] == MADE_BY);
    if !is_ours {
        return Err(foreign(path));
    }
    stranger(path).map_err(unreadable)?.map_or(Ok(()), |stranger| Err(foreign(&stranger)))
}

/// Returns the first entry of a folder that no export creates.
fn stranger(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_day = name
            .to_str()
            .and_then(|name| name.strip_prefix(DAY))
            .is_some_and(|day| day.parse::<NaiveDate>().is_ok());
        if is_day && entry.file_type()?.is_dir() {
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                if file.file_name() != PART {
                    return Ok(Some(file.path()));
                }
            }
        } else if name != MANIFEST {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

fn foreign(path: &Path) -> Error {
    Error::new(Kind::Usage, "the folder holds files that no export created")
        .detail(path.display().to_string())
        .hint("name a new folder with --out; only an earlier export is replaced")
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn not_written(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Storage, "an export cannot be written")
        .detail(path.display().to_string())
        .hint("check the space on the disk and the permissions of the parent folder of --out, then run the same command again")
        .source(error)
}
