//! `bionicpro simulate live`: keep writing telemetry until Ctrl-C.

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use bionicpro_simulator::LiveOptions;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// How the fleet lives.
#[derive(Debug, Args)]
pub(crate) struct LiveArgs {
    /// Movements a second, of all chips together.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// What the readings are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the result as one JSON line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: LiveArgs, crm: &SecretUrl, telemetry: &SecretUrl) -> Result<()> {
    let listen = |kind| {
        signal(kind).map_err(|error| Error::new(Kind::Internal, "signals cannot be received").source(error))
    };
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let shutdown = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let options = LiveOptions { rate: args.rate, seed: args.seed };
    tracing::info!(rate = args.rate, "writing telemetry until ctrl-c");
    let lived = bionicpro_simulator::live(crm, telemetry, &options, shutdown).await?;
    if args.json {
        return output::json(&lived);
    }
    output::line(&format!("{} movements written, {} reconnects", lived.movements, lived.reconnects))
}
