//! The real Reports API behind a world's BFF.

use std::net::SocketAddr;

use bionicpro_api::{Config, Server, Services};
use bionicpro_audit::Log;
use bionicpro_auth::Verifier;
use bionicpro_edge::ListenerConfig;
use bionicpro_store::Store;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::reports::MartReader;
use tokio::task::JoinHandle;

use super::World;

/// A running Reports API on an empty warehouse. Dropping it stops it.
pub(crate) struct ReportsApi {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl ReportsApi {
    /// Starts a Reports API and a world in front of it, whose issuer and store it uses.
    pub(crate) async fn start(listener: ListenerConfig) -> (World, ReportsApi) {
        let test = bionicpro_testing::warehouse().await;
        Warehouse::new(&test.config()).unwrap().migrate(false).await.unwrap();
        // The issuer comes with the world, and the world needs the address of the API in advance: a port that
        // was free a moment ago.
        let reserved = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = reserved.local_addr().unwrap();
        drop(reserved);
        let world = World::builder().before(address).start().await;
        let config = Config { listen: address, metrics_listen: None, listener, ..Config::default() };
        let services = Services {
            reports: MartReader::new(&test.config()).unwrap(),
            verifier: Verifier::new(&world.oidc).unwrap(),
            audit: Log::none(),
            store: Store::open(&world.store_config).await.unwrap(),
        };
        let server = Server::bind(&config, services).await.unwrap();
        let task = tokio::spawn(server.run(std::future::pending()));
        (world, ReportsApi { address, task })
    }
}

impl Drop for ReportsApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}
