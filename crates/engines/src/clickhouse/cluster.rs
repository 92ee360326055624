//! A cluster of embedded engines on one machine: each is a shard, and they speak the native protocol on
//! loopback.
//!
//! For tests of a sharded mart. A refused sign-in ends an engine, so all engines have the same password of
//! the loader.

use std::fmt::Write;

use bionicpro_model::Secret;
use bionicpro_warehouse::access::{Account, LOADER};

use super::configuration::escape;

/// Additional rights of the loader: to create the Distributed table and to read through it.
const GRANTS: [&str; 2] = ["TABLE ENGINE ON Distributed", "CLUSTER, REMOTE ON *.*"];

/// A cluster as one of its engines sees it.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name in `system.clusters`.
    pub name: String,
    /// The native port of each shard.
    pub shards: Vec<u16>,
    /// The index of this engine in `shards`.
    pub shard: usize,
}

impl Cluster {
    /// This engine's native port.
    pub(super) fn port(&self) -> Option<u16> {
        self.shards.get(self.shard).copied()
    }

    /// Ports that this engine connects to.
    pub(super) fn connects(&self) -> Vec<u16> {
        let others = self.shards.iter().enumerate().filter(|(shard, _)| *shard != self.shard);
        others.map(|(_, port)| *port).collect()
    }

    /// Lets the loader create the mart's Distributed table and read through it.
    pub(super) fn grant(&self, account: &mut Account) {
        if account.name == LOADER {
            account.grants.extend(GRANTS.map(str::to_owned));
        }
    }

    /// The cluster's elements of `config.xml`. Every shard has the same password of the loader.
    pub(super) fn configuration(&self, password: &Secret) -> String {
        let password = escape(password.expose_secret());
        let shards = self.shards.iter().fold(String::new(), |mut shards, port| {
            // Writing to a String cannot fail.
            let _ = write!(
                shards,
                "<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host>\
                 <port>{port}</port><user>{LOADER}</user><password>{password}</password></replica></shard>"
            );
            shards
        });
        let (name, shard) = (&self.name, self.shard + 1);
        format!(
            "    <remote_servers><{name}>{shards}</{name}></remote_servers>
    <macros><shard>{shard}</shard><replica>1</replica></macros>
"
        )
    }
}
