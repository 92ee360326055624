//! `bionicpro warehouse serve`: the embedded ClickHouse in the foreground, until Ctrl-C or SIGTERM.

use std::net::SocketAddr;
use std::path::PathBuf;

use bionicpro_engines::Packages;
use bionicpro_engines::clickhouse::Endpoint;
use bionicpro_model::Result;
use bionicpro_warehouse::access::{LOADER, embedded_accounts};
use clap::Args;

use crate::context::Context;
use crate::signals;

/// The data directory and the address to listen on; the rest is in the configuration.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The data directory; one process owns it. `bionicpro warehouse accounts` lists the password files.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address of the ClickHouse HTTP interface; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The database whose tables the accounts may read; warehouse.database when not given.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
}

impl ServeArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let mut config = context.config.engines.warehouse.clone();
        config.data = self.data.unwrap_or(config.data);
        config.listen = self.listen.unwrap_or(config.listen);
        let mut warehouse = context.config.warehouse.clone();
        if let Some(database) = self.database {
            warehouse = bionicpro_warehouse::Config { database, ..bionicpro_warehouse::Config::default() };
        }
        // The embedded warehouse is one engine, whatever cluster the site has.
        warehouse.cluster = None;
        let packages = Packages::find(context.config.engines.dir.as_deref())?;
        // Before the engine starts, so that a signal during a long start is not lost.
        let stop = signals::stop();
        let endpoint = Endpoint::open(&packages, config, embedded_accounts(&warehouse)?).await?;
        tracing::info!(
            address = %endpoint.local_addr(),
            user = LOADER,
            password_file = %endpoint.passwords().file(LOADER).display(),
            "the warehouse is ready"
        );
        let shutdown = async move {
            stop.cancelled_owned().await;
            tracing::info!("the warehouse is stopping");
        };
        endpoint.run(shutdown).await
    }
}
