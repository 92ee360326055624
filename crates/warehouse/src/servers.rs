//! The servers of a cluster with `ddl = "each"`, one by one, for `bionicpro doctor`.

use bionicpro_model::Result;
use chrono::{DateTime, Utc};

use crate::Warehouse;
use crate::warehouse::named;

/// Version, clock in microseconds, blocks that the Distributed table has not sent yet, macros.
const SERVER: &str = "SELECT
    version(),
    toUnixTimestamp64Micro(now64(6)),
    ifNull((SELECT sum(data_files) FROM system.distribution_queue WHERE database = {database: String}), 0),
    ifNull((SELECT arrayStringConcat(arraySort(groupArray(concat(macro, '=', substitution))), ', ') FROM system.macros), '')";

/// A server of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address; `None` for the server of `warehouse.url`.
    pub address: Option<String>,
    /// The number of its shard.
    pub shard: u32,
    /// The engine's version.
    pub version: String,
    /// The time on its clock.
    pub clock: DateTime<Utc>,
    /// The time on our clock, at the midpoint of the query.
    pub asked: DateTime<Utc>,
    /// Blocks that it has accepted but not yet sent to their shards.
    pub queued: u64,
    /// Its macros, such as `shard=1, replica=1`.
    pub macros: String,
    /// Rows of people who belong to another shard.
    pub strayed: u64,
}

impl Warehouse {
    /// Returns each server of the cluster, or the error of the attempt to query it; empty without
    /// `ddl = "each"`.
    pub async fn servers(&self) -> Vec<Result<Server>> {
        if !self.is_told_each {
            return Vec::new();
        }
        let mut servers = vec![self.server(None).await];
        for other in &self.others {
            let server = self.at(other).server(Some(other.address.clone())).await;
            servers.push(server.map_err(|error| named(other, error)));
        }
        servers
    }

    async fn server(&self, address: Option<String>) -> Result<Server> {
        let (shard, _) = self.shard().await?;
        let began = Utc::now();
        let query = self.system(SERVER).param("database", &self.database);
        let query = query.fetch_one::<(String, i64, u64, String)>();
        let (version, clock, queued, macros) = self.run("querying a server of the cluster", query).await?;
        let asked = began + (Utc::now() - began) / 2;
        let clock = DateTime::from_timestamp_micros(clock).unwrap_or_default();
        let strayed = self.strayed().await?;
        Ok(Server { address, shard, version, clock, asked, queued, macros, strayed })
    }
}
