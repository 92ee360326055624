//! Keeps the demo's parts running: a part that ends is restarted, and the others keep serving meanwhile.

use std::time::{Duration, Instant};

use bionicpro_model::line::one_line;
use bionicpro_model::{Error, Result};

use super::startup::Startup;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The maximum number of restarts of a part that keeps ending.
const MOST_STARTS: u32 = 10;
/// The time after which a part counts as stable, and its restarts count from zero.
const STAYED: Duration = Duration::from_secs(300);

/// The delays before restarts: longer each time.
#[derive(Debug, Default)]
struct Pauses {
    starts: u32,
}

impl Pauses {
    /// Records how long the part ran before it ended.
    fn ran(&mut self, time: Duration) {
        if time >= STAYED {
            self.starts = 0;
        }
    }

    /// The delay before the next restart; `None` after [`MOST_STARTS`] restarts.
    fn next(&mut self) -> Option<Duration> {
        let pause = FIRST_PAUSE * 2_u32.pow(self.starts);
        self.starts += 1;
        (self.starts <= MOST_STARTS).then_some(pause.min(LONGEST_PAUSE))
    }
}

/// Shortens an error to one line for the terminal; the log has the whole error.
pub(super) fn short(error: &Error) -> String {
    one_line(&error.to_string(), 100).into_owned()
}

/// Restarts a part whenever it ends, and prints that; returns when it gives up.
pub(super) async fn keep<T>(
    name: &str,
    part: &mut Option<T>,
    startup: &Startup,
    ended: impl AsyncFn(&T) -> Error,
    start: impl AsyncFn() -> Result<T>,
) {
    let mut pauses = Pauses::default();
    while let Some(running) = part.as_ref() {
        let since = Instant::now();
        let mut error = ended(running).await;
        pauses.ran(since.elapsed());
        // Dropping it frees its port and lock for the next one.
        *part = None;
        while part.is_none() {
            tracing::error!(part = name, error = error.report(), "a part of the demo ended");
            let Some(pause) = pauses.next() else {
                startup.tell(&format!("{name}: stopped, the other parts keep running: {}", short(&error)));
                return;
            };
            startup.tell(&format!("{name}: ended, restarts in {} s: {}", pause.as_secs(), short(&error)));
            tokio::time::sleep(pause).await;
            match start().await {
                Ok(started) => *part = Some(started),
                Err(again) => error = again,
            }
        }
        tracing::info!(part = name, "a part of the demo is back");
        startup.tell(&format!("{name}: is back"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_never_stays_is_started_ever_later_and_then_left() {
        let mut pauses = Pauses::default();
        let all: Vec<u64> = std::iter::from_fn(|| {
            pauses.ran(STAYED / 2);
            pauses.next().map(|pause| pause.as_secs())
        })
        .collect();
        assert_eq!(all, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn a_part_that_stayed_is_started_soon_again() {
        let mut pauses = Pauses::default();
        while pauses.next().is_some() {}
        pauses.ran(STAYED);
        assert_eq!(pauses.next(), Some(FIRST_PAUSE));
    }
}
