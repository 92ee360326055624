//! How much room the engine has on the disks that a load writes to.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::Deserialize;

use crate::Warehouse;

/// Of the disks that the tables' storage policies name, or the default one's before there are tables. An object store has
/// no end, and says so.
const DISKS: &str = "WITH (
    SELECT groupUniqArray(storage_policy) FROM system.tables
    WHERE database = {database: String} AND storage_policy != ''
) AS used
SELECT name, path, free_space AS free, total_space AS total
FROM system.disks
WHERE NOT is_remote AND name IN (
    SELECT arrayJoin(disks) FROM system.storage_policies
    WHERE has(if(empty(used), ['default'], used), policy_name)
)
ORDER BY name";

/// A disk of the server that answers.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Disk {
    /// Its name in the server's configuration.
    pub name: String,
    /// Its folder on the server.
    pub path: String,
    /// Bytes that a load may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

impl Warehouse {
    /// The disks that a load writes to, by name; those of a cluster's other servers are not seen.
    ///
    /// # Errors
    /// `Config` when the account may not look at `system.disks` and `system.storage_policies`.
    pub async fn disks(&self) -> Result<Vec<Disk>> {
        let query = self.system(DISKS).param("database", &self.database).fetch_all::<Disk>();
        self.run("looking at the disks", query).await
    }
}
