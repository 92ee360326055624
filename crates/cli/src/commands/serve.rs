//! `bionicpro serve`: the servers for other programs and for browsers.

use std::net::SocketAddr;

use bionicpro_api::{Server, Services};
use bionicpro_audit::Log;
use bionicpro_auth::Verifier;
use bionicpro_model::Result;
use bionicpro_store::Store;
use bionicpro_warehouse::reports::MartReader;
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::signals;

/// The servers.
#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Serve the Reports API until Ctrl-C or a termination signal.
    Api(ApiFlags),
    /// Serve the web app, sign-in and sessions until Ctrl-C or a termination signal.
    Bff(BffFlags),
}

/// Flags override the section `[api]` of the configuration.
#[derive(Debug, Args)]
pub(crate) struct ApiFlags {
    #[command(flatten)]
    addresses: AddressFlags,
    /// The maximum number of requests per person and minute.
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<u32>,
}

/// Flags override the section `[bff]` of the configuration.
#[derive(Debug, Args)]
pub(crate) struct BffFlags {
    #[command(flatten)]
    addresses: AddressFlags,
}

/// The addresses of a service.
#[derive(Debug, Args)]
struct AddressFlags {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The address on which Prometheus metrics are served.
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "no_metrics")]
    metrics_listen: Option<SocketAddr>,
    /// Serve no metrics.
    #[arg(long)]
    no_metrics: bool,
}

impl ServeCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        context.config.check()?;
        match self {
            ServeCommand::Api(flags) => serve_api(flags, context).await,
            ServeCommand::Bff(flags) => serve_bff(flags, context).await,
        }
    }
}

async fn serve_api(flags: ApiFlags, context: &Context) -> Result<()> {
    let config = flags.over(&context.config.api);
    let reports = MartReader::new(&context.config.warehouse)?;
    let verifier = Verifier::new(&context.config.oidc)?;
    let audit = Log::open(&context.config.audit, "api")?;
    if !audit.is_on() {
        tracing::warn!("no access log is written: set audit.folder to record who reads whose reports");
    }
    let store = Store::open(&context.config.store).await?;
    // Before the server is bound, so that an early signal is not lost.
    let stop = signals::stop();
    let server = Server::bind(&config, Services { reports, verifier, audit, store }).await?;
    tracing::info!(address = %server.local_addr(), metrics = ?server.metrics_addr(), "the reports api is ready");
    server.run(stop.cancelled()).await;
    tracing::info!("the reports api has stopped");
    Ok(())
}

async fn serve_bff(flags: BffFlags, context: &Context) -> Result<()> {
    let config = flags.over(&context.config.bff);
    let store = Store::open(&context.config.store).await?;
    let audit = Log::open(&context.config.audit, "bff")?;
    let stop = signals::stop();
    let server = bionicpro_bff::Server::bind(&config, &context.config.oidc, store, audit).await?;
    tracing::info!(address = %server.local_addr(), url = server.url(), metrics = ?server.metrics_addr(), "the bff is ready");
    server.run(stop.cancelled()).await;
    tracing::info!("the bff has stopped");
    Ok(())
}

impl AddressFlags {
    fn over(self, listen: &mut SocketAddr, metrics_listen: &mut Option<SocketAddr>) {
        *listen = self.listen.unwrap_or(*listen);
        *metrics_listen = match self.no_metrics {
            true => None,
            false => self.metrics_listen.or(*metrics_listen),
        };
    }
}

impl BffFlags {
    fn over(self, config: &bionicpro_bff::Config) -> bionicpro_bff::Config {
        let mut config = config.clone();
        self.addresses.over(&mut config.listen, &mut config.metrics_listen);
        config
    }
}

impl ApiFlags {
    fn over(self, config: &bionicpro_api::Config) -> bionicpro_api::Config {
        let mut config = config.clone();
        self.addresses.over(&mut config.listen, &mut config.metrics_listen);
        config.requests_per_minute = self.requests_per_minute.unwrap_or(config.requests_per_minute);
        config
    }
}
