//! A result that is kept until its statement has ended: in memory, then in an unnamed file.

use std::io;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// What is kept in memory.
const MEMORY_BYTES: usize = 1 << 20;
/// Bytes that are read back at once.
const READ_BYTES: usize = 64 << 10;

/// A kept result.
#[derive(Debug)]
pub(super) struct Spool {
    dir: PathBuf,
    memory: BytesMut,
    file: Option<File>,
    is_rewound: bool,
}

impl Spool {
    pub(super) fn new(dir: PathBuf) -> Self {
        Spool { dir, memory: BytesMut::new(), file: None, is_rewound: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.file.is_none()
    }

    /// Keeps a piece.
    pub(super) async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.write_all(piece).await;
        }
        self.memory.extend_from_slice(piece);
        if self.memory.len() > MEMORY_BYTES {
            let mut file = File::from_std(tempfile::tempfile_in(&self.dir)?);
            file.write_all(&self.memory).await?;
            self.memory = BytesMut::new();
            self.file = Some(file);
        }
        Ok(())
    }

    /// Gives the kept pieces back, first to last.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(file) = &mut self.file else {
            let rest = self.memory.split();
            return Ok((!rest.is_empty()).then(|| rest.freeze()));
        };
        if !self.is_rewound {
            file.flush().await?;
            file.rewind().await?;
            self.is_rewound = true;
        }
        let mut buffer = BytesMut::with_capacity(READ_BYTES);
        let length = file.read_buf(&mut buffer).await?;
        Ok((length > 0).then(|| buffer.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_and_short_results_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        for length in [0, 10, 3 * MEMORY_BYTES + 5] {
            let data: Vec<u8> = (0..length).map(|at| u8::try_from(at % 253).unwrap()).collect();
            let mut spool = Spool::new(dir.path().to_owned());
            for piece in data.chunks(100_000) {
                spool.push(piece).await.unwrap();
            }
            let mut back = Vec::new();
            while let Some(piece) = spool.next().await.unwrap() {
                back.extend_from_slice(&piece);
            }
            assert!(back == data, "{length}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
