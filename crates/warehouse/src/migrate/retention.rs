//! Applies the configured retention to the mart and its history whenever it has changed.

use bionicpro_model::Result;

use super::template::Target;
use crate::Warehouse;

/// The table definition as the engine writes it back.
const ENGINE: &str =
    "SELECT engine_full FROM system.tables WHERE database = {database: String} AND name = {table: String}";

impl Warehouse {
    /// Changes the tables' TTL if it is not the configured one; returns the change.
    ///
    /// Parts are dropped as a whole, so a longer retention costs nothing, and a shorter one takes effect at
    /// the next merges.
    pub(super) async fn set_retention(&self, target: &Target<'_>, dry_run: bool) -> Result<Option<String>> {
        let mut changed = None;
        for table in ["user_prosthesis_stats", "mart_history"] {
            let change = self.set_retention_of(table, target, dry_run).await?;
            changed = changed.or(change);
        }
        Ok(changed)
    }

    async fn set_retention_of(
        &self,
        table: &str,
        target: &Target<'_>,
        dry_run: bool,
    ) -> Result<Option<String>> {
        let local = if self.cluster.is_some() { format!("{table}_local") } else { table.to_owned() };
        let query = self.system(ENGINE).param("database", &self.database).param("table", local);
        let Some(engine) =
            self.run("reading the mart's definition", query.fetch_optional::<String>()).await?
        else {
            return Ok(None);
        };
        let found = ttl_of(&engine);
        let wanted = target.ttl();
        if found.map(str::to_owned) == wanted {
            return Ok(None);
        }
        let change = wanted.map_or_else(|| "REMOVE TTL".to_owned(), |ttl| format!("MODIFY TTL {ttl}"));
        if !dry_run {
            let alter = format!("ALTER TABLE {{database}}.{table}{{local}}{{on_cluster}} ");
            let alter = target.fill(&alter)?;
            let alter = self.change(&format!("{}{change}", alter.unwrap_or_default()));
            self.run("changing the mart's retention", alter.execute()).await?;
        }
        Ok(Some(change))
    }
}

/// Extracts the TTL from `… ORDER BY (…) TTL date + toIntervalDay(365) SETTINGS …`.
fn ttl_of(engine: &str) -> Option<&str> {
    let (_, after) = engine.split_once(" TTL ")?;
    Some(after.split_once(" SETTINGS ").map_or(after, |(ttl, _)| ttl))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ttl_is_found_in_a_definition() {
        let engine = "ReplacingMergeTree(v) ORDER BY u TTL date + toIntervalDay(365) SETTINGS index_granularity = 8192";
        assert_eq!(ttl_of(engine), Some("date + toIntervalDay(365)"));
        assert_eq!(ttl_of("ReplacingMergeTree(v) ORDER BY u SETTINGS index_granularity = 8192"), None);
    }
}
