//! The configuration section `[engines]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The embedded PostgreSQL and the embedded ClickHouse.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder `node_modules` that holds the engines; found beside the program when not given.
    pub dir: Option<PathBuf>,
    /// The embedded ClickHouse.
    pub warehouse: WarehouseServeConfig,
}

/// What `bionicpro warehouse serve` does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WarehouseServeConfig {
    /// The data directory; one process owns it.
    pub data: PathBuf,
    /// Where the ClickHouse HTTP interface listens.
    pub listen: SocketAddr,
    /// The hosts that requests may name, as `name` or `name:port`; empty means the loopback names and the address in `listen`.
    pub hosts: Vec<String>,
    /// Where ClickHouse's native protocol listens, on loopback; nowhere when not given. Anything else that is sent to this
    /// port ends the engine.
    pub native_listen: Option<SocketAddr>,
    /// How many queries run at the same time; the others wait.
    pub max_running_queries: u16,
    /// How long a query waits for its turn before it is refused, in seconds.
    pub queue_timeout_s: u64,
    /// Let the account `bionicpro` reach the host's files and network by SQL (`file()`, `url()`, `s3()`, …). The account `ml`
    /// is not served then.
    pub allow_host_access: bool,
}

impl Default for WarehouseServeConfig {
    fn default() -> Self {
        WarehouseServeConfig {
            data: PathBuf::from("warehouse-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8123)),
            hosts: Vec::new(),
            native_listen: None,
            max_running_queries: 8,
            queue_timeout_s: 10,
            allow_host_access: false,
        }
    }
}
