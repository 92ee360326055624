//! Checks that `warehouse.hosts` and `warehouse.url` name exactly one server of each shard.

use bionicpro_model::{Error, Kind, Result};

use crate::Warehouse;
use crate::warehouse::named;

/// The shards in a server's cluster definition, and which of them is the server itself.
const SHARDS: &str = "SELECT toUInt32(shard_num), toUInt8(is_local) FROM system.clusters
WHERE cluster = {cluster: String} ORDER BY shard_num";

/// Counts rows of people who belong to another shard: `FINAL` would not detect that they are outdated.
const STRAYED: &str = "SELECT count() FROM user_prosthesis_stats_local
WHERE cityHash64(user_id) % {shards: UInt64} != {shard: UInt64}";

impl Warehouse {
    /// Refuses to continue if a shard would not receive the statements.
    ///
    /// # Errors
    /// `Config` when the configured servers are not exactly one for each shard of the cluster.
    pub(super) async fn check_hosts(&self) -> Result<()> {
        let mut found = Vec::new();
        for other in &self.others {
            found.push(self.at(other).shard().await.map_err(|error| named(other, error))?);
        }
        found.push(self.shard().await?);
        let shards = found[0].1;
        let mut numbers: Vec<u32> = found.iter().map(|(shard, _)| *shard).collect();
        numbers.sort_unstable();
        if numbers.iter().copied().eq(1..=shards) && found.iter().all(|(_, known)| *known == shards) {
            return Ok(());
        }
        Err(Error::new(Kind::Config, "the configured servers are not exactly one for each shard")
            .detail(format!("warehouse.hosts and warehouse.url are the shards {numbers:?} of {shards}"))
            .hint(HINT))
    }

    /// Returns the number of this server's shard, and the number of shards.
    pub(crate) async fn shard(&self) -> Result<(u32, u32)> {
        let cluster = self.cluster.clone().unwrap_or_default();
        let query = self.system(SHARDS).param("cluster", &cluster).fetch_all::<(u32, u8)>();
        let rows = self.run("reading the cluster definition", query).await?;
        let local: Vec<u32> =
            rows.iter().filter(|(_, is_local)| *is_local == 1).map(|(shard, _)| *shard).collect();
        let shards = rows.last().map_or(0, |(shard, _)| *shard);
        match local.as_slice() {
            [shard] if usize::try_from(shards).is_ok_and(|shards| shards == rows.len()) => {
                Ok((*shard, shards))
            }
            _ => {
                Err(Error::new(Kind::Config, "a server does not define one server per shard of the cluster")
                    .detail(format!(
                        "{cluster}: system.clusters has {} servers in {shards} shards, {} of them local",
                        rows.len(),
                        local.len()
                    ))
                    .hint(HINT))
            }
        }
    }

    /// Refuses a cluster whose shards are not those to which its rows were distributed.
    ///
    /// # Errors
    /// `Data` when a server has rows of people who belong to another shard.
    pub(super) async fn check_strayed(&self) -> Result<()> {
        let strayed = self.strayed().await?;
        if strayed == 0 {
            return Ok(());
        }
        Err(Error::new(Kind::Data, "a shard has rows of people who belong to another")
            .detail(format!("{strayed} rows of {}.user_prosthesis_stats_local", self.database))
            .hint(
                "restore the former shards in remote_servers; to have more of them, migrate into another \
                 warehouse.database and backfill it",
            ))
    }

    /// Returns the number of rows on this server of people who belong to another shard.
    pub(crate) async fn strayed(&self) -> Result<u64> {
        let (shard, shards) = self.shard().await?;
        let query =
            self.query(STRAYED).param("shards", u64::from(shards)).param("shard", u64::from(shard) - 1);
        self.run("counting rows that belong to another shard", query.fetch_one::<u64>()).await
    }
}

const HINT: &str = "list in warehouse.hosts every server of remote_servers except that of warehouse.url; replicas need warehouse.ddl = \"on-cluster\"";
