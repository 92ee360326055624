//! Progress on a terminal; a log or a pipe sees none.

use std::io::IsTerminal;
use std::sync::Mutex;

use bionicpro_model::HourRange;
use bionicpro_pipeline::progress::{Progress, Quiet};
use bionicpro_warehouse::ledger::Step;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Bars when standard error is a terminal, nothing otherwise.
pub(super) fn progress() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(Bars::new()) } else { Box::new(Quiet) }
}

/// One bar for the hours of the telemetry, one line for each other step.
struct Bars {
    all: MultiProgress,
    hours: ProgressBar,
    running: Mutex<Vec<(Step, ProgressBar)>>,
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let hours = all.add(ProgressBar::hidden());
        Bars { all, hours, running: Mutex::default() }
    }
}

impl Progress for Bars {
    fn step(&self, step: Step, range: Option<&HourRange>) {
        if let (Step::ExtractTelemetryData, Some(range)) = (step, range) {
            let hours = (range.to() - range.from()).num_hours().unsigned_abs();
            self.hours.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            self.hours.set_length(hours);
            self.hours.set_position(0);
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} hours, {eta} left")
            {
                self.hours.set_style(style);
            }
            self.hours.set_message(step.as_str());
            return;
        }
        let line = self.all.add(ProgressBar::new_spinner());
        line.set_message(step.as_str());
        line.enable_steady_tick(std::time::Duration::from_millis(120));
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((step, line));
    }

    fn hours(&self, hours: u64) {
        self.hours.inc(hours);
    }

    fn done(&self, step: Step) {
        if step == Step::ExtractTelemetryData {
            self.hours.finish_and_clear();
        }
        let mut running = self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.retain(|(of, line)| {
            if *of == step {
                line.finish_and_clear();
            }
            *of != step
        });
    }
}
