//! Writes the movements of a fleet by binary COPY over several connections.
//!
//! Each hour's rows depend on the seed alone, and their ids are known before any row is written, so it does
//! not matter which connection writes which hour, or when. Indexes of a table that was empty are built after
//! the rows, not row by row.

use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{Progress, SeedOptions};
use crate::connection::{self, database_error};
use crate::copy::Rows;
use crate::movements::{ERRORS, GRIPS, Movement, Movements};
use crate::people::Fleet;
use crate::schema;

/// The size of one message to the server.
const CHUNK_BYTES: usize = 128 * 1024;
/// The most chunks queued for a slow server, per connection.
const CHUNKS_AHEAD: usize = 4;

const COPY: &str = "COPY telemetry.raw_telemetry (id, chip_id, event_time, movement_type, response_time_ms, \
                    battery_level, error_code, raw_data, created_at) FROM STDIN (FORMAT binary)";
const COLUMNS: i16 = 9;
/// More ids than other writers take between the two statements that reserve ours. A lock instead would wait
/// for their slowest transaction.
const TAKEN_MEANWHILE: i64 = 1_000;
const HOUR_MICROS: i64 = 3_600_000_000;

pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) copying: Duration,
}

/// One hour's position in the table.
#[derive(Debug, Clone, Copy)]
struct Hour {
    /// Hours since 1970.
    number: i64,
    /// The id of its first row, relative to `Plan::last_id`.
    first_offset: i64,
}

/// The work that the connections share.
struct Plan {
    fleet: Arc<Fleet>,
    per_day: u32,
    /// The end of the arrival times, which it limits: microseconds since 1970.
    end_micros: i64,
    hours: Vec<Hour>,
    rows: u64,
    /// The id before the first row's.
    last_id: i64,
    next: AtomicUsize,
    done: AtomicU64,
    progress: Progress,
}

pub(super) async fn write(
    url: &SecretUrl,
    client: &Client,
    fleet: Arc<Fleet>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    options: &SeedOptions,
    progress: Progress,
) -> Result<Written> {
    let failed = |error| database_error("the telemetry cannot be written", url, error);
    let start = Instant::now();
    schema::create_months(client, from.date_naive(), to.date_naive()).await.map_err(failed)?;
    let per_day = options.movements_per_day;
    let plan = tokio::task::spawn_blocking(move || plan(fleet, per_day, (from, to), progress));
    let mut plan = plan.await.map_err(|error| Error::new(Kind::Internal, "the plan failed").source(error))?;
    plan.last_id = reserve(client, plan.rows).await.map_err(failed)?;
    if plan.last_id == 0 {
        client.batch_execute(schema::DROP_TELEMETRY_INDEXES).await.map_err(failed)?;
    }
    let plan = Arc::new(plan);
    let mut writers = JoinSet::new();
    for _ in 0..options.connections {
        writers.spawn(copy(url.clone(), Arc::clone(&plan)));
    }
    while let Some(writer) = writers.join_next().await {
        writer.map_err(|error| Error::new(Kind::Internal, "a writer failed").source(error))??;
    }
    let copying = start.elapsed();

    if lacks_indexes(client).await.map_err(failed)? {
        build_indexes(url).await?;
    }
    // Without statistics and the visibility map, the first queries would have poor plans and rewrite every
    // page.
    client.batch_execute("VACUUM (ANALYZE) telemetry.raw_telemetry").await.map_err(failed)?;
    Ok(Written { rows: plan.rows, copying })
}

/// Reserves `rows` ids from the sequence, so that others may write meanwhile. Returns the id before them,
/// which is 0 in an empty table.
async fn reserve(client: &Client, rows: u64) -> Result<i64, tokio_postgres::Error> {
    let newest = "SELECT max(id), pg_get_serial_sequence('telemetry.raw_telemetry', 'id') FROM telemetry.raw_telemetry";
    let row = client.query_one(newest, &[]).await?;
    let (newest, sequence): (Option<i64>, String) = (row.get(0), row.get(1));
    let last = match newest {
        None => 0,
        Some(newest) => {
            let next: i64 =
                client.query_one("SELECT nextval($1::text::regclass)", &[&sequence]).await?.get(0);
            next.max(newest) + TAKEN_MEANWHILE
        }
    };
    let end = last.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX)).max(1);
    client.query_one("SELECT setval($1::text::regclass, $2)", &[&sequence, &end]).await?;
    Ok(last)
}

fn plan(
    fleet: Arc<Fleet>,
    per_day: u32,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    progress: Progress,
) -> Plan {
    let movements = Movements { fleet: &fleet, per_day };
    let mut hours = Vec::new();
    let mut rows = 0;
    for number in from.timestamp() / 3600..to.timestamp() / 3600 {
        hours.push(Hour { number, first_offset: 1 + i64::try_from(rows).unwrap_or(i64::MAX) });
        rows += movements.count(number);
    }
    let (next, done) = (AtomicUsize::new(0), AtomicU64::new(0));
    Plan { fleet, per_day, end_micros: to.timestamp_micros(), hours, rows, last_id: 0, next, done, progress }
}

/// Writes one connection's share: a thread encodes rows while this task sends those encoded before.
async fn copy(url: SecretUrl, plan: Arc<Plan>) -> Result<()> {
    let failed = |error| database_error("the telemetry cannot be written", &url, error);
    let client = connection::open(&url).await?;
    let mut sink = pin!(client.copy_in::<_, Bytes>(COPY).await.map_err(failed)?);
    let (chunks, mut made) = mpsc::channel(CHUNKS_AHEAD);
    let maker = tokio::task::spawn_blocking(move || make(&plan, &chunks));
    while let Some(chunk) = made.recv().await {
        sink.feed(chunk).await.map_err(failed)?;
    }
    maker.await.map_err(|error| Error::new(Kind::Internal, "making rows failed").source(error))?;
    sink.as_mut().finish().await.map_err(failed)?;
    Ok(())
}

/// Encodes the rows of hour after hour until none is left, or the receiver is gone.
fn make(plan: &Plan, chunks: &mpsc::Sender<Bytes>) {
    let movements = Movements { fleet: &plan.fleet, per_day: plan.per_day };
    let mut rows = Rows::with_header();
    let mut of_hour = Vec::new();
    let mut scratch = Vec::new();
    while let Some(hour) = plan.hours.get(plan.next.fetch_add(1, Ordering::Relaxed)) {
        movements.fill(hour.number, &mut of_hour);
        for (id, movement) in (plan.last_id + hour.first_offset..).zip(&of_hour) {
            encode(&mut rows, plan, id, hour.number, movement, &mut scratch);
            if rows.len() >= CHUNK_BYTES && chunks.blocking_send(rows.take()).is_err() {
                return;
            }
        }
        let made = of_hour.len() as u64;
        let done = plan.done.fetch_add(made, Ordering::Relaxed) + made;
        (plan.progress)(done, plan.rows);
    }
    rows.end();
    let _ = chunks.blocking_send(rows.take());
}

fn encode(rows: &mut Rows, plan: &Plan, id: i64, hour: i64, movement: &Movement, scratch: &mut Vec<u8>) {
    let chip = &plan.fleet.chips[movement.chip as usize];
    let at = hour * HOUR_MICROS + i64::from(movement.at_ms) * 1_000;
    let arrived = (at + i64::from(movement.delay_ms) * 1_000).min(plan.end_micros - 1);
    rows.begin_row(COLUMNS);
    rows.int8(id);
    rows.text(&chip.chip_id);
    rows.timestamp_micros(at);
    rows.text(GRIPS[usize::from(movement.grip)]);
    rows.optional(movement.response_ms, Rows::int4);
    rows.optional(movement.battery_halves, |rows, halves| rows.float4(f32::from(halves) / 2.0));
    rows.optional(movement.error, |rows, error| rows.text(ERRORS[usize::from(error)]));
    rows.optional(movement.temperature, |rows, temperature| {
        scratch.clear();
        let (degrees, tenths) = (temperature / 10, temperature % 10);
        // Cannot fail: writing to a `Vec` never does.
        let _ = write!(scratch, "{{\"temperature\": {degrees}.{tenths}, \"firmware\": \"2.4.1\"}}");
        rows.jsonb(scratch);
    });
    rows.timestamp_micros(arrived);
}

/// Returns true if an index is missing. Checked first, because `CREATE INDEX IF NOT EXISTS` waits for
/// concurrent writers even if the index exists.
async fn lacks_indexes(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT count(*) FROM pg_index WHERE indrelid = 'telemetry.raw_telemetry'::regclass AND NOT indisprimary";
    let found: i64 = client.query_one(sql, &[]).await?.get(0);
    Ok(usize::try_from(found).unwrap_or(0) < schema::TELEMETRY_INDEXES.len())
}

/// Builds the missing indexes, all concurrently.
async fn build_indexes(url: &SecretUrl) -> Result<()> {
    let mut builders = JoinSet::new();
    for index in schema::TELEMETRY_INDEXES {
        let url = url.clone();
        builders.spawn(async move {
            let client = connection::open(&url).await?;
            let sql = format!("SET maintenance_work_mem = '512MB'; {index}");
            client
                .batch_execute(&sql)
                .await
                .map_err(|error| database_error("an index cannot be built", &url, error))
        });
    }
    while let Some(builder) = builders.join_next().await {
        builder.map_err(|error| Error::new(Kind::Internal, "an index builder failed").source(error))??;
    }
    Ok(())
}
