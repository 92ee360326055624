//! The free space on the disks that a load writes to.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::Deserialize;

use crate::Warehouse;

/// The disks of the tables' storage policies, or of the default policy before there are tables. Object stores
/// are left out: they have no limit.
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

/// A disk of the server that handles the query.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Disk {
    /// Its name in the server's configuration.
    pub name: String,
    /// Its folder on the server.
    pub path: String,
    /// Bytes that a load may still write.
    pub free: u64,
    /// Total bytes.
    pub total: u64,
}

impl Warehouse {
    /// Returns the disks that a load writes to, by name; those of a cluster's other servers are not included.
    ///
    /// # Errors
    /// `Config` when the account may not read `system.disks` and `system.storage_policies`.
    pub async fn disks(&self) -> Result<Vec<Disk>> {
        let query = self.system(DISKS).param("database", &self.database).fetch_all::<Disk>();
        self.run("reading the disks", query).await
    }
}
