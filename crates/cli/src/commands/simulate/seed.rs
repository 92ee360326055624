//! `bionicpro simulate seed`: fill both source databases.

use std::io::IsTerminal;
use std::sync::Arc;

use bionicpro_model::hours::{midnight, parse_instant};
use bionicpro_model::{Result, SecretUrl};
use bionicpro_simulator::schema::Layout;
use bionicpro_simulator::{Existing, Progress, SeedOptions};
use chrono::{DateTime, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// The fleet to simulate.
#[derive(Debug, Args)]
pub(crate) struct SeedArgs {
    /// People in the CRM; the five demo accounts are among them.
    #[arg(long, default_value_t = 50)]
    users: u32,
    /// Days of telemetry.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// The seed of the simulation: the same seed and the same end give the same rows.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The end of the telemetry, not included: a day or an instant; today when not given.
    #[arg(long, value_name = "DATE", value_parser = parse_instant)]
    until: Option<DateTime<Utc>>,
    /// Movements of a prosthesis on an average day.
    #[arg(long, value_name = "N", default_value_t = 400)]
    movements_per_day: u32,
    /// Connections that write concurrently; one per processor, at most 8, when not given.
    #[arg(long)]
    connections: Option<u16>,
    /// Add to the existing rows.
    #[arg(long, conflicts_with = "fresh")]
    append: bool,
    /// Remove all rows of the source tables first.
    #[arg(long)]
    fresh: bool,
    /// Create the telemetry table with a partition per month.
    #[arg(long)]
    by_month: bool,
    /// Print the result as one JSON line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: SeedArgs, crm: &SecretUrl, telemetry: &SecretUrl) -> Result<()> {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let options = SeedOptions {
        users: args.users,
        days: args.days,
        seed: args.seed,
        until: args.until.unwrap_or_else(|| midnight(Utc::now().date_naive())),
        movements_per_day: args.movements_per_day,
        connections: args.connections.unwrap_or_else(|| u16::try_from(processors.min(8)).unwrap_or(2)),
        existing: match (args.append, args.fresh) {
            (true, _) => Existing::Append,
            (_, true) => Existing::Replace,
            _ => Existing::Refuse,
        },
        layout: if args.by_month { Layout::ByMonth } else { Layout::Plain },
    };
    let bar = progress_bar();
    let shown = bar.clone();
    let progress: Progress = Arc::new(move |done, total| {
        shown.set_length(total);
        shown.set_position(done);
        if done == total {
            shown.set_message("building indexes");
        }
    });
    let seeded = bionicpro_simulator::seed(crm, telemetry, &options, progress).await;
    bar.finish_and_clear();
    let seeded = seeded?;
    if args.json {
        return output::json(&seeded);
    }
    output::line(&format!(
        "{} customers with {} prostheses; {} movements of {} chips from {} to {}, in {:.1} s",
        seeded.customers,
        seeded.prostheses,
        seeded.movements,
        seeded.chips,
        seeded.from.format("%Y-%m-%dT%H:%MZ"),
        seeded.to.format("%Y-%m-%dT%H:%MZ"),
        seeded.elapsed.as_secs_f64(),
    ))
}

/// Returns a progress bar on a terminal, a hidden one otherwise.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = "{bar:32} {human_pos} of {human_len} movements, {per_sec}, {eta} left {msg}";
    ProgressBar::new(0)
        .with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
