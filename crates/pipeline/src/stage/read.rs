//! Reads a staged file after checking it against its manifest.

use std::fs::File;
use std::io::{Read, Seek, Write};

use aws_lc_rs::digest::{Context, SHA256};
use bionicpro_model::{Error, Kind, Result, RunId, hex};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::{GetResultPayload, ObjectStoreExt};

use super::{MANIFEST, Manifest, Stage, StagedName, store_error};

const PIECE_BYTES: usize = 256 << 10;

/// A staged file whose length and checksum are those of its manifest.
pub(crate) struct StagedFile {
    pub(crate) manifest: Manifest,
    pub(crate) file: File,
}

impl Stage {
    /// Opens a staged file. A file in a bucket is downloaded into an unnamed temporary file.
    ///
    /// # Errors
    /// `Data` if the file or its manifest is missing, truncated or edited; `Storage` if the store is
    /// unavailable.
    pub(crate) async fn open_file(&self, run: &RunId, name: StagedName) -> Result<StagedFile> {
        let manifest = self.manifest(run, name).await?;
        let path = self.path(run, name.file());
        let found = self.store.get(&path).await.map_err(|error| match error {
            object_store::Error::NotFound { .. } => self.missing(run, name, name.file()),
            error => store_error(error, &path),
        })?;
        let file = match found.payload {
            GetResultPayload::File(file, _) => file,
            GetResultPayload::Stream(mut pieces) => {
                let mut file = tempfile::tempfile().map_err(no_space)?;
                while let Some(piece) = pieces.try_next().await.map_err(|error| store_error(error, &path))? {
                    file.write_all(&piece).map_err(no_space)?;
                }
                file.rewind().map_err(no_space)?;
                file
            }
        };
        let checked = tokio::task::spawn_blocking(move || checksum(file)).await.map_err(|error| {
            Error::new(Kind::Internal, "the reader of a staged file stopped").source(error)
        })?;
        let (file, bytes, sha256) = checked.map_err(no_space)?;
        if (bytes, &sha256) != (manifest.bytes, &manifest.sha256) {
            return Err(broken(run, name).detail(format!(
                "{}: {bytes} bytes of {}, sha256 {sha256}",
                name.file(),
                manifest.bytes
            )));
        }
        Ok(StagedFile { manifest, file })
    }

    /// Reads the manifest of a staged file.
    pub(crate) async fn manifest(&self, run: &RunId, name: StagedName) -> Result<Manifest> {
        let path = self.manifest_path(run, name);
        let found = self.store.get(&path).await.map_err(|error| match error {
            object_store::Error::NotFound { .. } => {
                self.missing(run, name, &format!("{}{MANIFEST}", name.file()))
            }
            error => store_error(error, &path),
        })?;
        let text = found.bytes().await.map_err(|error| store_error(error, &path))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| broken(run, name).detail(path.to_string()).source(error))?;
        if manifest.run != *run || manifest.file != name.file() {
            return Err(broken(run, name).detail(format!("{path} is the manifest of another file")));
        }
        Ok(manifest)
    }

    /// The error of a missing file: it was never written, or it was written where this machine does not look.
    fn missing(&self, run: &RunId, name: StagedName, file: &str) -> Error {
        Error::new(Kind::Data, "a staged file is missing").detail(format!("{}/{run}/{file}", self.place)).hint(
            format!(
                "{}; steps on several machines need one stage.url that all of them reach, such as s3://bucket/prefix",
                hint(run, name)
            ),
        )
    }
}

impl StagedFile {
    /// Returns another handle of the file; both share one position.
    pub(crate) fn again(&self) -> Result<File> {
        self.file.try_clone().map_err(no_space)
    }

    /// Returns the content in chunks, from the current position of the file.
    pub(crate) fn pieces(&self) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let file = self.again()?;
        Ok(futures_util::stream::try_unfold(file, |mut file| async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; PIECE_BYTES];
                let length = file.read(&mut piece)?;
                piece.truncate(length);
                Ok((Bytes::from(piece), file))
            });
            match read.await {
                Ok(Ok((piece, _))) if piece.is_empty() => Ok(None),
                Ok(read) => read.map(Some).map_err(no_space),
                Err(error) => {
                    Err(Error::new(Kind::Internal, "the reader of a staged file stopped").source(error))
                }
            }
        }))
    }
}

fn checksum(mut file: File) -> std::io::Result<(File, u64, String)> {
    let (mut digest, mut bytes, mut piece) = (Context::new(&SHA256), 0, vec![0; PIECE_BYTES]);
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        digest.update(&piece[..length]);
        bytes += length as u64;
    }
    file.rewind()?;
    Ok((file, bytes, hex(digest.finish().as_ref())))
}

fn broken(run: &RunId, name: StagedName) -> Error {
    Error::new(Kind::Data, "a staged file was truncated or changed after writing").hint(hint(run, name))
}

fn hint(run: &RunId, name: StagedName) -> String {
    format!("run `bionicpro etl {} --run {run}` again, then the steps after it", name.command())
}

fn no_space(error: std::io::Error) -> Error {
    Error::new(Kind::Storage, "a staged file cannot be read on this machine")
        .hint("check the disk, then run the step again")
        .source(error)
}
