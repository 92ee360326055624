//! One connection that writes at its own pace and reconnects when the database is back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bionicpro_model::{Kind, Result, SecretUrl};
use chrono::Utc;
use tokio::sync::watch;
use tokio_postgres::{Client, Error};

use super::Counters;
use super::readings::Readings;
use crate::connection::{self, database_error};
use crate::dice::Dice;

const STEP: Duration = Duration::from_millis(200);
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// The number of steps for which a late transaction is open: 1 to 15 seconds.
const LATE_STEPS: (u32, u32) = (5, 75);

/// The commit behaviour of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Commits each batch immediately.
    Steady,
    /// Commits many batches in one transaction that is open for seconds.
    CommitsLate,
}

pub(super) struct Lane {
    pub(super) url: SecretUrl,
    pub(super) chips: Arc<[String]>,
    pub(super) pace: Pace,
    /// Rows a second.
    pub(super) rate: f64,
    pub(super) counters: Arc<Counters>,
}

impl Lane {
    /// Writes until `stopped` is set, or the database refuses for a reason that a retry cannot resolve.
    pub(super) async fn run(self, seed: u64, number: u64, mut stopped: watch::Receiver<bool>) -> Result<()> {
        let now = Utc::now().timestamp_micros().unsigned_abs();
        let mut dice = Dice::new(seed, &[number, now]);
        let mut retry = FIRST_RETRY;
        while !*stopped.borrow() {
            let ended = match connection::open(&self.url).await {
                Ok(mut client) => {
                    let written = self.write(&mut client, &mut dice, &mut stopped, &mut retry).await;
                    written
                        .map_err(|error| database_error("the telemetry cannot be written", &self.url, error))
                }
                Err(error) => Err(error),
            };
            let Err(error) = ended else { break };
            if error.kind() != Kind::Unreachable {
                return Err(error);
            }
            tracing::warn!(error = %error, retry_ms = retry.as_millis(), "the telemetry database is unreachable");
            self.counters.reconnects.fetch_add(1, Ordering::Relaxed);
            let _ = tokio::time::timeout(retry, stopped.wait_for(|stop| *stop)).await;
            retry = (retry * 2).min(LAST_RETRY);
        }
        Ok(())
    }

    async fn write(
        &self,
        client: &mut Client,
        dice: &mut Dice,
        stopped: &mut watch::Receiver<bool>,
        retry: &mut Duration,
    ) -> Result<(), Error> {
        let mut ticks = tokio::time::interval(STEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        // Fractions of a row carried over from earlier steps.
        let mut owed = 0.0;
        while !*stopped.borrow() {
            let steps = if self.pace == Pace::Steady { 1 } else { dice.between(LATE_STEPS.0, LATE_STEPS.1) };
            let transaction = client.transaction().await?;
            let mut rows = 0;
            for _ in 0..steps {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = stopped.wait_for(|stop| *stop) => break,
                }
                owed += self.rate * STEP.as_secs_f64();
                let count = whole(owed);
                owed -= f64::from(count);
                if count > 0 {
                    let readings = Readings::draw(count as usize, &self.chips, Utc::now(), dice);
                    rows += readings.insert(&transaction).await?;
                }
            }
            transaction.commit().await?;
            self.counters.movements.fetch_add(rows, Ordering::Relaxed);
            *retry = FIRST_RETRY;
        }
        Ok(())
    }
}

/// The whole part of a small number of rows.
fn whole(rows: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the rate is checked")]
    let whole = rows.max(0.0).floor() as u32;
    whole
}
