//! `bionicpro warehouse serve`: the embedded ClickHouse in the foreground, until Ctrl-C or SIGTERM.

use std::net::SocketAddr;
use std::path::PathBuf;

use bionicpro_engines::Packages;
use bionicpro_engines::clickhouse::Endpoint;
use bionicpro_model::Result;
use clap::Args;

use crate::context::Context;
use crate::signals;

/// Where the data lie and where to listen; the rest is in the configuration.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The data directory; one process owns it. The password is in its file `password`.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address of the ClickHouse HTTP interface; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

impl ServeArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let mut config = context.config.engines.warehouse.clone();
        config.data = self.data.unwrap_or(config.data);
        config.listen = self.listen.unwrap_or(config.listen);
        let data = config.data.clone();
        let packages = Packages::find(context.config.engines.dir.as_deref())?;
        // Before the engine starts, so that a signal during a long start is not lost.
        let stop = signals::stop();
        let endpoint = Endpoint::open(&packages, config).await?;
        tracing::info!(
            address = %endpoint.local_addr(),
            user = endpoint.user(),
            password_file = %data.join("password").display(),
            "the warehouse is ready"
        );
        let shutdown = async move {
            stop.cancelled_owned().await;
            tracing::info!("the warehouse is stopping");
        };
        endpoint.run(shutdown).await
    }
}
