//! `bionicpro simulate live`: keep writing telemetry until Ctrl-C.

use bionicpro_model::{Result, SecretUrl};
use bionicpro_simulator::LiveOptions;
use clap::Args;

use crate::{output, signals};

/// Flags of `simulate live`.
#[derive(Debug, Args)]
pub(crate) struct LiveArgs {
    /// Movements per second, of all chips together.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// The seed of the random readings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the result as one JSON line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: LiveArgs, crm: &SecretUrl, telemetry: &SecretUrl) -> Result<()> {
    let stop = signals::stop();
    let options = LiveOptions { rate: args.rate, seed: args.seed };
    tracing::info!(rate = args.rate, "writing telemetry until ctrl-c");
    let lived = bionicpro_simulator::live(crm, telemetry, &options, stop.cancelled_owned()).await?;
    if args.json {
        return output::json(&lived);
    }
    output::line(&format!("{} movements written, {} reconnects", lived.movements, lived.reconnects))
}
