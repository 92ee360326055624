//! Writes a staged file so that it becomes visible only when it is complete, then writes its manifest.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use bionicpro_model::{Error, Kind, Result, RunId, hex};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use tokio::sync::mpsc;

use super::{MANIFEST, Manifest, Stage, StagedName, store_error};

/// The smallest part that S3 accepts. The writer holds at most three parts in memory.
const PART_BYTES: usize = 5 << 20;
const PARTS_IN_FLIGHT: usize = 1;
const PIECE_BYTES: usize = 256 << 10;

/// A file that was written, and the value that its writer returned.
pub(crate) struct Written<T> {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) value: T,
}

impl Stage {
    /// Runs `fill` on a separate thread and stores what it writes.
    ///
    /// The file becomes visible only after `fill` has returned a value; a failure leaves nothing behind. The
    /// manifest of an earlier attempt is removed first, so that a new file is never visible with an old
    /// checksum.
    pub(crate) async fn write<T, F>(&self, run: &RunId, name: StagedName, fill: F) -> Result<Written<T>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Upload) -> Result<T> + Send + 'static,
    {
        let path = self.path(run, name.file());
        let manifest = self.manifest_path(run, name);
        match self.store.delete(&manifest).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(store_error(error, &manifest)),
        }
        self.make_folder(run)?;
        let upload = self.store.put_multipart(&path).await.map_err(|error| store_error(error, &path))?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let (sender, mut pieces) = mpsc::channel(4);
        let filling = tokio::task::spawn_blocking(move || {
            let mut upload =
                Upload { sender, piece: BytesMut::new(), digest: Context::new(&SHA256), bytes: 0 };
            let value = fill(&mut upload)?;
            upload.hand_over().map_err(cut)?;
            Ok((upload.bytes, hex(upload.digest.finish().as_ref()), value))
        });
        let mut stored = Ok(());
        while let Some(piece) = pieces.recv().await {
            stored = parts.wait_for_capacity(PARTS_IN_FLIGHT).await;
            if stored.is_err() {
                break;
            }
            parts.put(piece);
        }
        // The writer now fails at its next chunk, if it has one.
        drop(pieces);
        let filled = filling.await.map_err(|error| {
            Error::new(Kind::Internal, "the writer of a staged file stopped").source(error)
        })?;
        let outcome = match (stored, filled) {
            (Err(error), _) => Err(store_error(error, &path)),
            (Ok(()), filled) => filled,
        };
        match outcome {
            Ok((bytes, sha256, value)) => {
                parts.finish().await.map_err(|error| store_error(error, &path))?;
                self.admit(run, name.file())?;
                Ok(Written { bytes, sha256, value })
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = parts.abort().await;
                Err(error)
            }
        }
    }

    /// Writes the manifest, which makes the file valid.
    pub(crate) async fn seal(&self, name: StagedName, manifest: &Manifest) -> Result<()> {
        let path = self.manifest_path(&manifest.run, name);
        let text = serde_json::to_vec_pretty(manifest)
            .map_err(|error| Error::new(Kind::Internal, "a manifest cannot be written").source(error))?;
        self.store.put(&path, PutPayload::from(text)).await.map_err(|error| store_error(error, &path))?;
        self.admit(&manifest.run, &format!("{}{MANIFEST}", name.file()))
    }
}

impl Stage {
    /// Removes the staged files of a run.
    pub(crate) async fn remove(&self, run: &RunId) -> Result<()> {
        let folder = self.prefix.clone().join(run.as_str());
        let files = self.store.list(Some(&folder)).map_ok(|file| file.location).boxed();
        let removed = self.store.delete_stream(files).try_for_each(async |_| Ok(())).await;
        removed.map_err(|error| store_error(error, &folder))
    }
}

/// The writing end: hands chunks to the store and computes the checksum.
pub(crate) struct Upload {
    sender: mpsc::Sender<Bytes>,
    piece: BytesMut,
    digest: Context,
    bytes: u64,
}

impl Upload {
    fn hand_over(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = self.piece.split().freeze();
        self.digest.update(&piece);
        self.bytes += piece.len() as u64;
        self.sender.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The store stopped accepting chunks; its own error has the reason.
fn cut(error: io::Error) -> Error {
    Error::new(Kind::Storage, "the staging area stopped accepting a file").source(error)
}
