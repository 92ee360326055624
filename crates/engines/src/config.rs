//! The configuration section `[engines]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The embedded PostgreSQL and the embedded ClickHouse.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder `node_modules` with the engines; found in the project of the program or the current folder
    /// when not given.
    pub dir: Option<PathBuf>,
    /// The embedded ClickHouse.
    pub warehouse: WarehouseServeConfig,
}

/// The settings of `bionicpro warehouse serve`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WarehouseServeConfig {
    /// The data directory; one process owns it.
    pub data: PathBuf,
    /// The address on which the ClickHouse HTTP interface listens.
    pub listen: SocketAddr,
    /// The hosts that requests may name, as `name` or `name:port`; empty means the loopback names and the
    /// address in `listen`.
    pub hosts: Vec<String>,
    /// The address on which ClickHouse's native protocol listens, on loopback; it is off when not given.
    /// Anything else that is sent to this port ends the engine.
    pub native_listen: Option<SocketAddr>,
    /// The maximum number of concurrent queries; the others wait.
    pub max_running_queries: u16,
    /// The time that a query waits before it is refused, in seconds.
    pub queue_timeout_s: u64,
    /// Let the account `bionicpro` access the host's files and network by SQL (`file()`, `url()`, `s3()`, …).
    /// The account `ml` is not served then.
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
