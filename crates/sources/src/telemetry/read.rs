//! Reads cells: several sessions under one snapshot, each taking the next query when it is idle.

use std::collections::{BTreeSet, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use bionicpro_model::{Error, Kind, Result};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use tokio::sync::{mpsc, watch};

use super::Telemetry;
use super::batch::CellBatch;
use super::cell_request::CellRequest;
use super::copy::{Decoder, Malformed};
use super::crowded;
use super::plan::{HOUR_US, Plan};
use super::query_tasks::{self, QueryTask, Sorted};
use super::slices::{self, Slicing};
use super::unreadable::LeftOut;
use crate::connect::Session;

/// The number of cells in a full batch.
const BATCH_CELLS: usize = 8192;

/// The summary of a read, apart from the cells.
#[derive(Debug, Clone, Copy)]
pub struct ReadSummary {
    /// The slicing of whole hours; `None` if there were none.
    pub slicing: Option<Slicing>,
    /// Hours that were read whole.
    pub whole_hours: u64,
    /// Cells, parts of cells and spans that were read by their chip.
    pub intervals: u64,
    /// Rows without a chip in the whole hours: no cell holds them.
    pub without_chip: u64,
}

impl Telemetry {
    /// Reads every requested cell and sends each once, cut into its parts, in batches and in no particular
    /// order.
    ///
    /// Memory holds the request, a batch for each connection and the batches queued in the channel. `advance`
    /// is called with the number of whole hours that are done. Success guarantees that every cell was sent.
    ///
    /// # Errors
    /// Any error of the connection; `Internal` when the receiver went away.
    pub async fn cells(
        &self,
        wanted: &CellRequest,
        batches: mpsc::Sender<CellBatch>,
        advance: impl Fn(u64) + Sync,
    ) -> Result<ReadSummary> {
        let (mut plan, slicing) = self.plan(wanted).await?;
        let intervals = plan.intervals.len() as u64;
        let sorted = Sorted::new(std::mem::take(&mut plan.intervals));
        let named: Option<HashSet<&[u8]>> =
            wanted.is_by_chip().then(|| plan.chips.iter().map(|chip| chip.as_bytes()).collect());
        let works = query_tasks::list(self, &plan, &sorted, slicing.unwrap_or(Slicing::ByHour));
        let readers = usize::from(self.connections).min(works.len());
        tracing::debug!(?slicing, queries = works.len(), intervals, readers, "reading telemetry");
        let queue = Mutex::new(works.into_iter());
        let without_chip = AtomicI64::new(0);
        let all_taken = watch::Sender::new(false);
        let next = || {
            let work = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            if work.is_none() {
                all_taken.send_replace(true);
            }
            work
        };
        let read = |reader| {
            let (next, advance, batches, without_chip, plan, named) =
                (&next, &advance, &batches, &without_chip, &plan, named.as_ref());
            let mut all_taken = all_taken.subscribe();
            async move {
                // The first reader begins while the others connect.
                let other = match reader {
                    0 => None,
                    // A pooler may have no connection available before the first reader has read everything.
                    _ => tokio::select! {
                        joined = self.held.join(&self.database) => match joined? {
                            Some(session) => Some(session),
                            None => return Ok(()),
                        },
                        _ = all_taken.wait_for(|all| *all) => return Ok(()),
                    },
                };
                let session = other.as_ref().unwrap_or(&self.session);
                let mut prefers_index = false;
                while let Some(work) = next() {
                    let by_index = match work {
                        QueryTask::Hours(_) => slicing == Some(Slicing::ByHour),
                        QueryTask::Cells(_) | QueryTask::Spans(_) => self.query.by_chip_and_time,
                    };
                    let sql = self.sql(plan, &work, wanted.left_out.as_ref());
                    let copy = self.copy(session, &sql, named, batches);
                    let skipped = if by_index == prefers_index {
                        copy.await?
                    } else {
                        prefers_index = by_index;
                        // The index was measured to be the best way; missing statistics must not rule it out.
                        tokio::try_join!(biased; prefer_index(session, by_index), copy)?.1
                    };
                    if let QueryTask::Hours((from, to)) = work {
                        without_chip.fetch_add(skipped, Ordering::Relaxed);
                        advance(((to - from) / HOUR_US).cast_unsigned());
                    }
                }
                tokio::try_join!(
                    biased;
                    prefer_index(session, false),
                    self.relations.check(session, &self.query.table)
                )?;
                match other {
                    Some(session) => session.end().await,
                    None => Ok(()),
                }
            }
        };
        try_join_all((0..readers).map(read)).await?;
        Ok(ReadSummary {
            slicing,
            whole_hours: plan.whole.iter().map(|(from, to)| ((to - from) / HOUR_US).cast_unsigned()).sum(),
            intervals,
            without_chip: without_chip.into_inner().cast_unsigned(),
        })
    }

    async fn plan(&self, wanted: &CellRequest) -> Result<(Plan, Option<Slicing>)> {
        let crowded = match wanted.left_out {
            None => crowded::hours(self, wanted).await?,
            Some(_) => BTreeSet::new(),
        };
        let alone = Plan::new(wanted, &BTreeSet::new(), false);
        let slicing = match alone.hull() {
            Some(hull) => slices::choose(self, hull).await?,
            None if crowded.is_empty() => return Ok((alone, None)),
            None => Slicing::ByHour,
        };
        let plan = match slicing {
            Slicing::ByHour if crowded.is_empty() => alone,
            Slicing::ByHour => Plan::new(wanted, &crowded, false),
            Slicing::AtOnce => Plan::new(wanted, &BTreeSet::new(), wanted.left_out.is_none()),
        };
        Ok((plan, Some(slicing)))
    }

    pub(super) fn sql(&self, plan: &Plan, work: &QueryTask<'_>, left_out: Option<&LeftOut>) -> String {
        match work {
            QueryTask::Hours((from, to)) => {
                let cells = plan.left_out.range(*from..*to);
                let cells = cells.flat_map(|(hour, chips)| chips.iter().map(|chip| (*hour, *chip)));
                let cells: Vec<(i64, &str)> =
                    cells.map(|(hour, chip)| (hour, plan.chips[chip as usize].as_ref())).collect();
                self.query.hours(
                    (*from, *to),
                    &cells,
                    &left_out.map(|left_out| left_out.raw_by_hour((*from, *to))).unwrap_or_default(),
                )
            }
            QueryTask::Cells(intervals) => self.query.intervals(intervals, &plan.chips, true),
            QueryTask::Spans(intervals) => self.query.intervals(intervals, &plan.chips, false),
        }
    }

    async fn copy(
        &self,
        session: &Session,
        sql: &str,
        named: Option<&HashSet<&[u8]>>,
        batches: &mpsc::Sender<CellBatch>,
    ) -> Result<i64> {
        let fail = |error| session.place.error(error);
        let stream = session.client.copy_out(sql).await.map_err(fail)?;
        let mut stream = std::pin::pin!(stream);
        let (mut decoder, mut batch) = (Decoder::new(named), CellBatch::default());
        while let Some(piece) = stream.try_next().await.map_err(fail)? {
            decoder.feed(piece, &mut batch).map_err(|error| malformed(error, session))?;
            if batch.len() >= BATCH_CELLS {
                send(batches, std::mem::take(&mut batch)).await?;
            }
        }
        decoder.finish().map_err(|error| malformed(error, session))?;
        if !batch.is_empty() {
            send(batches, batch).await?;
        }
        Ok(decoder.without_chip)
    }
}

async fn prefer_index(session: &Session, index: bool) -> Result<()> {
    session.execute(&format!("SET LOCAL enable_seqscan = {}", if index { "off" } else { "on" })).await
}

async fn send(batches: &mpsc::Sender<CellBatch>, batch: CellBatch) -> Result<()> {
    batches.send(batch).await.map_err(|_| Error::new(Kind::Internal, "the receiver of the telemetry is gone"))
}

pub(super) fn malformed(error: Malformed, session: &Session) -> Error {
    match error {
        Malformed::NoText => session.place.unreadable(&error.to_string()),
        Malformed::Format(_) => {
            Error::new(Kind::Internal, "the telemetry stream cannot be decoded").source(error)
        }
    }
}
