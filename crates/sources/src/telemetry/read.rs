//! Reads the cells of a range: several sessions under one snapshot, each taking the next slice when it is free.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use bionicpro_model::{Error, HourRange, Kind, Result};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use tokio::sync::mpsc;

use super::Telemetry;
use super::batch::CellBatch;
use super::copy::{Decoder, Malformed};
use super::slices::{self, Slicing};
use crate::connect::Session;

/// Cells that are handed over at once.
const BATCH_CELLS: usize = 8192;

/// What a read saw beside the cells.
#[derive(Debug, Clone, Copy)]
pub struct ReadSummary {
    /// How the range was cut.
    pub slicing: Slicing,
    /// Rows in the range without a chip: no cell holds them.
    pub without_chip: u64,
}

impl Telemetry {
    /// Reads every cell of the range and sends them in batches, in no order.
    ///
    /// Memory holds a batch for each connection and what waits in the channel. `advance` is called with the hours
    /// that are done. Success promises that every cell of the range was sent.
    ///
    /// # Errors
    /// As the connection gives them; `Internal` when the receiver went away.
    pub async fn cells(
        &self,
        range: &HourRange,
        batches: mpsc::Sender<CellBatch>,
        advance: impl Fn(u64) + Sync,
    ) -> Result<ReadSummary> {
        let slicing = slices::choose(self, range).await?;
        let slices = slices::cut(range, slicing);
        let readers = usize::from(self.connections).min(slices.len());
        tracing::debug!(?slicing, slices = slices.len(), readers, "reading telemetry");
        let queue = Mutex::new(slices.into_iter());
        let without_chip = AtomicI64::new(0);
        let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
        let read_slices = |session: Session| {
            let (next, advance, batches, without_chip) = (&next, &advance, &batches, &without_chip);
            async move {
                while let Some(slice) = next() {
                    let skipped = self.copy(&session, &slice, batches).await?;
                    without_chip.fetch_add(skipped, Ordering::Relaxed);
                    advance((slice.to() - slice.from()).num_hours().cast_unsigned());
                }
                Ok::<_, Error>(())
            }
        };
        let mut sessions = Vec::with_capacity(readers);
        for _ in 0..readers {
            let session = self.held.join(&self.database).await?;
            if slicing == Slicing::ByHour {
                // The index was measured to be the right way; missing statistics must not turn it down.
                session.execute("SET LOCAL enable_seqscan = off").await?;
            }
            sessions.push(session);
        }
        try_join_all(sessions.into_iter().map(read_slices)).await?;
        let without_chip = without_chip.into_inner().cast_unsigned();
        Ok(ReadSummary { slicing, without_chip })
    }

    async fn copy(
        &self,
        session: &Session,
        slice: &HourRange,
        batches: &mpsc::Sender<CellBatch>,
    ) -> Result<i64> {
        let fail = |error| session.place.error(error);
        let stream = session.client.copy_out(&self.query.copy(slice)).await.map_err(fail)?;
        let mut stream = std::pin::pin!(stream);
        let (mut decoder, mut batch) = (Decoder::default(), CellBatch::default());
        while let Some(piece) = stream.try_next().await.map_err(fail)? {
            decoder.feed(piece, &mut batch).map_err(malformed)?;
            if batch.len() >= BATCH_CELLS {
                send(batches, std::mem::take(&mut batch)).await?;
            }
        }
        decoder.finish().map_err(malformed)?;
        if !batch.is_empty() {
            send(batches, batch).await?;
        }
        Ok(decoder.without_chip)
    }
}

async fn send(batches: &mpsc::Sender<CellBatch>, batch: CellBatch) -> Result<()> {
    batches.send(batch).await.map_err(|_| Error::new(Kind::Internal, "nobody takes the telemetry any more"))
}

fn malformed(error: Malformed) -> Error {
    Error::new(Kind::Internal, "the telemetry stream cannot be read").source(error)
}
