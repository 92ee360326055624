//! `bionicpro demo`: everything in one terminal, on loopback, with a simulated fleet. `make demo` runs it.
//!
//! Parts start in the order of their dependencies and stop in reverse order; each is in `parts.rs`. Both
//! engines are processes of their own: `keep.rs` restarts them when they end.

mod browsers;
mod fleet;
mod folder;
mod http;
mod keep;
mod parts;
mod ports;
mod ready;
mod startup;
mod warehouse;

use std::path::PathBuf;

use bionicpro_issuer::client::fetch_token;
use bionicpro_model::{Error, Kind, Result};
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::output;
use crate::signals;
use parts::Running;
use ports::PortArgs;
use ready::Ready;
use startup::Startup;

/// The default folder of the demo's data, relative to the current one.
const DEFAULT_DATA: &str = "demo-data";

/// Everything in one terminal, on loopback, with a simulated fleet.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DemoCommand {
    #[command(subcommand)]
    command: Option<DemoSubcommand>,
    #[command(flatten)]
    flags: DemoArgs,
}

#[derive(Debug, Subcommand)]
enum DemoSubcommand {
    /// Print an access token for a demo account, from the demo that is running.
    Token {
        /// ivan.petrov, john.mueller, maria.sidorova, anna.schmidt or alexey.kozlov.
        username: String,
        /// The folder of the running demo.
        #[arg(long, default_value = DEFAULT_DATA, value_name = "DIR")]
        data: PathBuf,
    },
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The folder of the demo's data.
    #[arg(long, default_value = DEFAULT_DATA, value_name = "DIR")]
    data: PathBuf,
    /// Start over: remove what an earlier demo left in the folder.
    #[arg(long)]
    fresh: bool,
    /// Do everything once, print one report, stop.
    #[arg(long)]
    once: bool,
    /// Print one JSON line with all addresses when ready.
    #[arg(long)]
    json: bool,
    /// Start the two source databases and the warehouse, with empty tables, and nothing else.
    #[arg(long, conflicts_with = "once")]
    engines_only: bool,
    /// Load the mart once and leave the later runs to another scheduler, such as Airflow.
    #[arg(long, conflicts_with = "engines_only")]
    no_schedule: bool,
    /// People to simulate, on the first start.
    #[arg(long, default_value_t = 50, value_name = "N")]
    users: u32,
    /// Days of telemetry to simulate, on the first start.
    #[arg(long, default_value_t = 30, value_name = "N")]
    days: u32,
    /// The seed of the simulation: the same seed gives the same fleet.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Movements per second that the live simulator writes; 0 for none.
    #[arg(long, default_value_t = 5.0, value_name = "N")]
    rate: f64,
    /// Sign people in at this issuer, such as a Keycloak with the project's realm, instead of starting an
    /// issuer.
    #[arg(long, value_name = "URL", requires = "client_secret_file", conflicts_with_all = ["once", "engines_only"])]
    issuer: Option<String>,
    /// The file with the secret of the client bionicpro-auth at that issuer.
    #[arg(long, value_name = "FILE", requires = "issuer")]
    client_secret_file: Option<PathBuf>,
    #[command(flatten)]
    ports: PortArgs,
}

impl DemoCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        match self.command {
            Some(DemoSubcommand::Token { username, data }) => token(&username, &data).await,
            None => demo(&self.flags, context).await,
        }
    }
}

async fn token(username: &str, data: &std::path::Path) -> Result<()> {
    let issuer = Ready::read(data)?.issuer.ok_or_else(|| {
        Error::new(Kind::Config, "this demo runs without an issuer of its own").hint(
            "start it without --engines-only and --issuer; with another issuer, users sign in with a browser",
        )
    })?;
    output::line(&fetch_token(&issuer.url, username).await?)
}

async fn demo(flags: &DemoArgs, context: &Context) -> Result<()> {
    let stop = signals::stop();
    let startup = Startup::new(flags.json);
    let mut running = Running::default();
    // A start-up that fails or is interrupted half-way stops what it has started, as the end of a demo does.
    let outcome = tokio::select! {
        outcome = serve(flags, context, &startup, &mut running) => outcome,
        () = stop.cancelled() => Ok(()),
    };
    let stopped = running.stop().await;
    outcome.and(stopped)
}

async fn serve(flags: &DemoArgs, context: &Context, startup: &Startup, running: &mut Running) -> Result<()> {
    let ready = running.start(flags, context, startup).await?;
    if flags.once {
        return once(&ready).await;
    }
    ready.save()?;
    if flags.json {
        output::json(&ready)?;
    } else {
        let program = std::env::args().next().unwrap_or_else(|| "bionicpro".to_owned());
        output::line(&ready.page(&program))?;
    }
    running.keep(context, startup).await
}

/// Requests one report over HTTP, as a new user would.
async fn once(ready: &Ready) -> Result<()> {
    let missing = || Error::new(Kind::Internal, "the demo started without its API");
    let (api, issuer) = ready.api.as_ref().zip(ready.issuer.as_ref()).ok_or_else(missing)?;
    let token = fetch_token(&issuer.url, "ivan.petrov").await?;
    let days: Days = serde_json::from_str(&http::report(&api.url, "/api/reports?limit=2", &token).await?)
        .map_err(|error| {
            Error::new(Kind::Internal, "the Reports API's response has another format").source(error)
        })?;
    // The newest day is incomplete; the one before is complete.
    let day = days.reports.last().ok_or_else(|| Error::new(Kind::Data, "ivan.petrov has no report"))?;
    output::line(&http::report(&api.url, &format!("/api/reports/{}", day.date), &token).await?)
}

#[derive(serde::Deserialize)]
struct Days {
    reports: Vec<Day>,
}

#[derive(serde::Deserialize)]
struct Day {
    date: String,
}
