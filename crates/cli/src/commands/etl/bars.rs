//! Progress bars on a terminal; none in a log or a pipe.

use std::io::IsTerminal;
use std::sync::Mutex;

use bionicpro_model::HourRange;
use bionicpro_pipeline::backfill::{Piece, Plan};
use bionicpro_pipeline::progress::{Progress, Quiet};
use bionicpro_warehouse::ledger::Step;
use indicatif::{HumanFloatCount, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

/// Bars when standard error is a terminal, nothing otherwise.
pub(super) fn progress() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(Bars::new()) } else { Box::new(Quiet) }
}

/// One bar for a backfill's rows, one for the hours of the telemetry, one line for each other step.
struct Bars {
    all: MultiProgress,
    backfill: ProgressBar,
    /// Days and cells that are done.
    done: Mutex<(u64, u64)>,
    hours: ProgressBar,
    running: Mutex<Vec<(Step, ProgressBar)>>,
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let (backfill, hours) = (all.add(ProgressBar::hidden()), all.add(ProgressBar::hidden()));
        Bars { all, backfill, done: Mutex::default(), hours, running: Mutex::default() }
    }

    fn show(bar: &ProgressBar, template: &str, length: u64) {
        bar.reset();
        bar.set_length(length);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                let _ = write!(text, "{}", HumanFloatCount(state.per_sec().round()));
            }));
        }
    }
}

impl Progress for Bars {
    fn plan(&self, plan: &Plan) {
        let template = "{msg} {wide_bar} {human_pos}/{human_len} rows, {rate}/s, {eta} left";
        Bars::show(&self.backfill, template, plan.rows);
        self.backfill.set_message(format!("0 of {} days", plan.days));
    }

    fn piece(&self, piece: &Piece, cells: u64) {
        let mut done = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *done = (done.0 + piece.days, done.1 + cells);
        self.backfill.set_message(format!("{} days, {} cells", done.0, done.1));
        self.backfill.inc(piece.rows);
    }

    fn step(&self, step: Step, range: Option<&HourRange>) {
        if let (Step::ExtractTelemetryData, Some(range)) = (step, range) {
            let hours = (range.to() - range.from()).num_hours().unsigned_abs();
            Bars::show(&self.hours, "{msg} {wide_bar} {pos}/{len} hours, {eta} left", hours);
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
