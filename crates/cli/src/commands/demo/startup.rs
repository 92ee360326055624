//! The quiet start-up: one line per part, with its duration. It goes to standard output; with `--json` to
//! standard error, because standard output is then reserved for the ready line.

use std::future::Future;
use std::io::Write;
use std::time::Instant;

use bionicpro_model::Result;

use crate::output;

/// Prints the progress of the start-up.
pub(super) struct Startup {
    json: bool,
}

impl Startup {
    pub(super) fn new(json: bool) -> Self {
        Startup { json }
    }

    /// Runs one part of the start-up and prints its duration, or that it failed; the error itself is printed
    /// last.
    pub(super) async fn part<T>(&self, name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let start = Instant::now();
        let result = work.await;
        let seconds = start.elapsed().as_secs_f64();
        match &result {
            Ok(_) => self.say(&format!("  {name:<44}{seconds:>5.1} s"))?,
            Err(_) => self.say(&format!("  {name:<44} failed after {seconds:.1} s"))?,
        }
        result
    }

    /// Prints one line after the start. Errors are ignored: a lost terminal sends a signal.
    pub(super) fn tell(&self, text: &str) {
        let _ = self.say(&format!("  {text}"));
    }

    /// Prints one line for the person at the terminal.
    pub(super) fn say(&self, text: &str) -> Result<()> {
        if self.json {
            // A closed terminal sends a signal, which stops the demo.
            let _ = writeln!(std::io::stderr(), "{text}");
            Ok(())
        } else {
            output::line(text)
        }
    }
}
