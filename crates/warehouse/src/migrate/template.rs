//! Fills a migration's placeholders for one database, on a single server or on a cluster.
//!
//! On a cluster every statement runs `ON CLUSTER`, or is sent to each server; in the latter case tables are
//! not replicated. The mart is sharded by person: local tables behind a Distributed one. The other tables are
//! small, and every server keeps a full copy. Inserted text is not searched for placeholders again, so
//! ClickHouse's own macros (`{shard}`) are kept.

use bionicpro_model::{Error, Kind, Result};

use crate::identifier::{quote, text};

/// The first line of a migration that a single server does not need.
const CLUSTER_ONLY: &str = "-- only with a cluster";

/// The first line of a statement that only replicated tables need.
const REPLICAS_ONLY: &str = "-- only with replicas";

/// The Keeper path and replica name of sharded tables; the braces are ClickHouse's macros.
const SHARDED_PATH: &str = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}', ";

/// The Keeper path and replica name of tables that every server has completely.
const EVERYWHERE_PATH: &str = "'/clickhouse/tables/{database}/{table}', '{shard}-{replica}', ";

/// The database and the servers for which a migration is filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) database: &'a str,
    pub(crate) cluster: Option<&'a str>,
    /// `warehouse.ddl` is `each`: no `ON CLUSTER`, no replicas.
    pub(crate) is_told_each: bool,
    /// 0 keeps everything.
    pub(crate) retention_days: u16,
}

impl Target<'_> {
    /// Returns the statement for this target, or `None` if the target does not need it.
    pub(crate) fn fill(&self, template: &str) -> Result<Option<String>> {
        if self.cluster.is_none() && template.starts_with(CLUSTER_ONLY) {
            return Ok(None);
        }
        if !self.is_replicated() && template.starts_with(REPLICAS_ONLY) {
            return Ok(None);
        }
        let mut statement = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| unknown("an open brace"))?;
            statement.push_str(before);
            statement.push_str(&self.value(name)?);
            rest = after;
        }
        statement.push_str(rest);
        Ok(Some(statement))
    }

    fn value(&self, placeholder: &str) -> Result<String> {
        let on_cluster = |value: &str| self.cluster.map(|_| value.to_owned()).unwrap_or_default();
        let replicated = |value: &str| if self.is_replicated() { value.to_owned() } else { String::new() };
        Ok(match placeholder {
            "database" => quote(self.database),
            "database_text" => text(self.database),
            "cluster" => self.cluster.map(text).unwrap_or_default(),
            "on_cluster" => match self.cluster {
                Some(name) if !self.is_told_each => format!(" ON CLUSTER {}", quote(name)),
                _ => String::new(),
            },
            "local" => on_cluster("_local"),
            "replicated" => replicated("Replicated"),
            "sharded_path" => replicated(SHARDED_PATH),
            "everywhere_path" => replicated(EVERYWHERE_PATH),
            // A parameter of a view; the engine fills it in.
            "as_of" => "{as_of: DateTime64(6, 'UTC')}".to_owned(),
            "ttl" => self.ttl().map(|ttl| format!("TTL {ttl}")).unwrap_or_default(),
            other => return Err(unknown(other)),
        })
    }

    /// Returns the cluster's name for the book of migrations, which distinguishes replicated tables from
    /// others.
    pub(crate) fn noted_cluster(&self) -> String {
        let name = self.cluster.unwrap_or_default();
        if self.is_told_each { format!("{name}, each") } else { name.to_owned() }
    }

    fn is_replicated(&self) -> bool {
        self.cluster.is_some() && !self.is_told_each
    }

    /// Returns the TTL expression of the mart in the form in which the engine shows it; `None` if everything
    /// is kept.
    pub(crate) fn ttl(&self) -> Option<String> {
        (self.retention_days > 0).then(|| format!("date + toIntervalDay({})", self.retention_days))
    }
}

fn unknown(placeholder: &str) -> Error {
    Error::new(Kind::Internal, "a migration has an unknown placeholder").detail(placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE: Target<'static> =
        Target { database: "reports", cluster: None, is_told_each: false, retention_days: 365 };
    const CLUSTER: Target<'static> =
        Target { database: "reports", cluster: Some("blue"), is_told_each: false, retention_days: 0 };

    #[test]
    fn a_single_server_gets_plain_tables() {
        let template = "CREATE TABLE {database}.t{local}{on_cluster} ENGINE = {replicated}MergeTree({sharded_path}v) {ttl}";
        assert_eq!(
            SINGLE.fill(template).unwrap().unwrap(),
            "CREATE TABLE `reports`.t ENGINE = MergeTree(v) TTL date + toIntervalDay(365)"
        );
        assert_eq!(SINGLE.fill("-- only with a cluster\nCREATE").unwrap(), None);
    }

    #[test]
    fn a_cluster_gets_replicated_tables_and_the_macros_pass_through() {
        let template = "CREATE TABLE {database}.t{local}{on_cluster} ENGINE = {replicated}MergeTree({sharded_path}v) {ttl}";
        assert_eq!(
            CLUSTER.fill(template).unwrap().unwrap(),
            "CREATE TABLE `reports`.t_local ON CLUSTER `blue` ENGINE = \
             ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', v) "
        );
        let template = "-- only with a cluster\nDistributed({cluster}, {database_text}, {everywhere_path})";
        let filled = CLUSTER.fill(template).unwrap().unwrap();
        assert!(
            filled.contains("Distributed('blue', 'reports', '/clickhouse/tables/{database}/{table}'"),
            "{filled}"
        );
    }

    #[test]
    fn a_server_that_is_told_by_itself_gets_a_shard_s_tables_and_no_replicas() {
        let each = Target { is_told_each: true, ..CLUSTER };
        let template =
            "CREATE TABLE {database}.t{local}{on_cluster} ENGINE = {replicated}MergeTree({sharded_path}v)";
        assert_eq!(
            each.fill(template).unwrap().unwrap(),
            "CREATE TABLE `reports`.t_local ENGINE = MergeTree(v)"
        );
        assert!(each.fill("-- only with a cluster\nDistributed({cluster})").unwrap().is_some());
        for target in [SINGLE, each] {
            assert_eq!(target.fill("-- only with replicas\nSYSTEM").unwrap(), None);
        }
    }

    #[test]
    fn a_misspelt_placeholder_is_refused() {
        assert!(SINGLE.fill("{databse}.t").is_err());
        assert!(SINGLE.fill("{database").is_err());
    }
}
