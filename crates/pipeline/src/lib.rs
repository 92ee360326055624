//! The pipeline: extract, transform and load, with the staging area, the ledger and the schedule. It contains
//! no HTTP server and no SQL.
//!
//! [`run`](run::run) executes all four steps, [`backfill`](backfill::backfill) does so piece by piece for a
//! range, [`schedule`](schedule::schedule) by cron expressions. [`verify`](verify::verify) compares a range
//! with the source, [`export`](export::export) writes data sets, and [`steps`] has each step as a function
//! for an orchestrator.

pub mod backfill;
pub mod compare;
pub mod config;
pub mod context;
pub mod export;
pub mod kind;
pub mod metrics;
pub mod progress;
pub mod report;
pub mod run;
pub mod schedule;
pub mod stage;
pub mod steps;
pub mod verify;

mod checkpoint;
mod dimensions;
mod files;
mod join;
mod load_plan;
mod owners;
mod reconcile;
mod retry;
mod run_plan;

pub use backfill::Backfill;
pub use config::{PipelineConfig, StageConfig};
pub use context::PipelineContext;
pub use kind::{RunKind, RunRequest};
pub use report::{RunReport, StepReport};
pub use run::{RunSpec, run, run_new};
pub use schedule::schedule;
pub use stage::Stage;
