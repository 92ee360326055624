//! A live fleet, which keeps writing telemetry: on time, late, out of order, and in transactions that commit
//! late.
//!
//! Rows of a late transaction carry the `created_at` of its beginning, so a reader that relies on the newest
//! `created_at` it has seen loses them. The pipeline must not, so the simulator produces such rows all the
//! time.

mod lane;
mod readings;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connection::{self, database_error};
use lane::{Lane, Pace};

/// The highest rate in rows a second that one server accepts without a queue of unsent rows.
const MAX_RATE: f64 = 20_000.0;
/// A chip that belongs to no prosthesis.
const LOOSE_CHIP: &str = "CHIP-900000";

/// The options of a live fleet.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Movements a second, of all chips together.
    pub rate: f64,
    /// The seed of the readings.
    pub seed: u64,
}

/// The result of a live run.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Lived {
    /// Rows whose commit the database confirmed.
    pub movements: u64,
    /// The number of times a connection was lost and reopened.
    pub reconnects: u64,
}

/// The counters that the lanes share.
#[derive(Debug, Default)]
struct Counters {
    movements: AtomicU64,
    reconnects: AtomicU64,
}

/// Writes the telemetry of the CRM's chips, and of one without an owner, until `shutdown` is ready.
///
/// Open transactions are then committed. If the telemetry database becomes unreachable, it is retried.
///
/// # Errors
/// If the databases cannot be reached at the start, or refuse the account or the rows.
pub async fn live(
    crm: &SecretUrl,
    telemetry: &SecretUrl,
    options: &LiveOptions,
    shutdown: impl Future<Output = ()>,
) -> Result<Lived> {
    if !(options.rate > 0.0 && options.rate <= MAX_RATE) {
        return Err(Error::new(Kind::Usage, "the rate is out of range")
            .detail(format!("{}", options.rate))
            .hint(format!("choose more than 0 and at most {MAX_RATE} movements a second")));
    }
    let chips: Arc<[String]> = chips(crm).await?.into();
    // Fails at once if the address or the password is wrong.
    drop(connection::open(telemetry).await?);
    let counters = Arc::new(Counters::default());
    let (stop, stopped) = watch::channel(false);
    let mut lanes = JoinSet::new();
    for (number, (pace, share)) in
        (0..).zip([(Pace::Steady, 0.8), (Pace::CommitsLate, 0.1), (Pace::CommitsLate, 0.1)])
    {
        let lane = Lane {
            url: telemetry.clone(),
            chips: Arc::clone(&chips),
            pace,
            rate: options.rate * share,
            counters: Arc::clone(&counters),
        };
        lanes.spawn(lane.run(options.seed, number, stopped.clone()));
    }
    let mut failure = None;
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown, if !*stop.borrow() => { stop.send_replace(true); }
            ended = lanes.join_next() => match ended {
                None => break,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => { failure.get_or_insert(error); stop.send_replace(true); }
                Some(Err(error)) => {
                    failure.get_or_insert(Error::new(Kind::Internal, "a lane failed").source(error));
                    stop.send_replace(true);
                }
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(Lived {
            movements: counters.movements.load(Ordering::Relaxed),
            reconnects: counters.reconnects.load(Ordering::Relaxed),
        }),
    }
}

async fn chips(crm: &SecretUrl) -> Result<Vec<String>> {
    let client = connection::open(crm).await?;
    let rows = client
        .query("SELECT chip_id FROM crm.prostheses ORDER BY chip_id", &[])
        .await
        .map_err(|error| database_error("the chips cannot be read", crm, error))?;
    let mut chips: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    chips.push(LOOSE_CHIP.to_owned());
    Ok(chips)
}
