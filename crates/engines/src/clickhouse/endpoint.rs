//! The embedded warehouse as the rest of the program sees it: open, know the address, run, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bionicpro_edge::Listener;
use bionicpro_model::{Error, Kind, Result, Secret, SecretUrl};

use super::data_dir::DataDir;
use super::engine::Prepared;
use super::gate::Gate;
use super::handler::Handler;
use super::pool::Pool;
use super::running::Running;
use super::sessions::Sessions;
use super::{auth, server, threads};
use crate::Packages;
use crate::config::WarehouseServeConfig;

/// An opened warehouse: the engine runs, the address is bound, nothing is accepted before [`Endpoint::run`].
///
/// A process can hold one at a time, since the engine is one per process.
#[derive(Debug)]
pub struct Endpoint {
    listener: Listener,
    handler: Arc<Handler>,
    password: Secret,
    _dir: Arc<DataDir>,
}

impl Endpoint {
    /// Takes the data directory's lock, binds the address and starts the engine that npm installed.
    ///
    /// A directory that another process holds, or that a newer program wrote, is refused.
    pub async fn open(packages: &Packages, config: WarehouseServeConfig) -> Result<Self> {
        let listener = server::bind(config.listen, &config.hosts).await?;
        let library = packages.libchdb()?;
        let (data, allow_host_access) = (config.data.clone(), config.allow_host_access);
        let prepare = move || -> Result<(DataDir, Secret, Prepared)> {
            let dir = DataDir::open(&data)?;
            let password = dir.password()?;
            let prepared = Prepared::new(&library, &dir, allow_host_access)?;
            threads::open(dir.path(), allow_host_access)?;
            Ok((dir, password, prepared))
        };
        let (dir, password, prepared) =
            tokio::task::spawn_blocking(prepare).await.map_err(|error| internal().source(error))??;
        let engine = threads::spawn_blocking(|| prepared.start())
            .await
            .map_err(|error| internal().source(error))??;
        let engine = Arc::new(engine);
        let sessions = Sessions::default();
        sessions.sweep_in_background();
        let handler = Handler {
            pool: Pool::new(Arc::clone(&engine)),
            engine,
            sessions,
            running: Running::default(),
            gate: Gate::new(config.max_running_queries, Duration::from_secs(config.queue_timeout_s)),
            password: password.clone(),
            allow_host_access,
            spool_dir: dir.join("engine"),
        };
        Ok(Endpoint { listener, handler: Arc::new(handler), password, _dir: Arc::new(dir) })
    }

    /// The address that is bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The user's name.
    pub fn user(&self) -> &'static str {
        auth::USER
    }

    /// The user's password.
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// The address with user and password, for clients in this program.
    pub fn url(&self) -> SecretUrl {
        let address = self.local_addr();
        let text = format!("http://{}:{}@{address}/", auth::USER, self.password.expose_secret());
        // The password's alphabet needs no escapes; a hand-written password may, so it is set apart.
        SecretUrl::parse(&text)
            .or_else(|_| {
                SecretUrl::parse(&format!("http://{}@{address}/", auth::USER))?.with_password(&self.password)
            })
            .expect("an address and a user make a URL")
    }

    /// Serves until `shutdown` ends; then takes no more connections, lets running statements end for a few seconds,
    /// and stops the engine.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<()> {
        server::serve(self.listener, self.handler, shutdown).await;
        Ok(())
    }
}

fn internal() -> Error {
    Error::new(Kind::Internal, "the embedded warehouse did not start")
}
