//! The configuration section `[warehouse]`.

use std::path::PathBuf;

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifier;

/// The maximum of `direct_rows`: fewer than the rows in one block of a loaded file.
const MOST_DIRECT_ROWS: u32 = 1_000_000;

/// The database if neither `database` nor a URL names one.
const DEFAULT_DATABASE: &str = "reports";

/// The ClickHouse that holds the mart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The HTTP address of ClickHouse: `http://user:password@host:8123` (or `https://…:8443`). A path is the
    /// database: `…:8123/reports`.
    pub url: Option<SecretUrl>,
    /// A file that holds the password, used instead of one in the URL.
    pub password_file: Option<PathBuf>,
    /// The certificate authority of an `https` address, a file in PEM format; those of this machine if not
    /// set.
    pub ca_file: Option<PathBuf>,
    /// The database that holds the mart; if empty, the one in the path of `url`, or `reports`.
    pub database: String,
    /// The cluster on which to create the tables; if not set, a single server.
    pub cluster: Option<String>,
    /// The way that statements which create and change tables reach the servers of the cluster.
    pub ddl: Ddl,
    /// The other servers of the cluster, for `ddl = "each"`: `http://host:8123`, one for each shard except
    /// that of `url`. The account is that of `url`.
    pub hosts: Vec<SecretUrl>,
    /// The number of days that the mart keeps; 0 keeps everything.
    pub retention_days: u16,
    /// The maximum number of rows that an incremental run inserts into the mart directly, as one block, which
    /// the engine holds in memory. Anything larger is gathered in a separate table first. 1,000,000 at most.
    pub direct_rows: u32,
    /// The account that the Reports API reads with, if it is not that of `url`.
    pub reader_url: Option<SecretUrl>,
    /// A file that holds the reader's password, used instead of one in `reader_url`.
    pub reader_password_file: Option<PathBuf>,
}

/// The way that statements which create and change tables reach the servers of a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ddl {
    /// One server distributes the statement to the others (`ON CLUSTER`), and tables are replicated: both
    /// need Keeper.
    #[default]
    OnCluster,
    /// The statement is sent to each server, and tables are not replicated: one server per shard.
    Each,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            url: None,
            password_file: None,
            ca_file: None,
            database: String::new(),
            cluster: None,
            ddl: Ddl::OnCluster,
            hosts: Vec::new(),
            retention_days: 365,
            direct_rows: 200_000,
            reader_url: None,
            reader_password_file: None,
        }
    }
}

impl Config {
    /// Returns the database that holds the mart, which `database`, `url` and `reader_url` may each name.
    ///
    /// # Errors
    /// `Config` when two of them name different databases, or one is not a plain name.
    pub fn database(&self) -> Result<String> {
        let mut named: Option<(&str, String)> = None;
        let by_key = (!self.database.is_empty()).then(|| self.database.clone());
        if let Some(name) = &by_key {
            identifier::check("warehouse.database", name)?;
        }
        for (key, name) in [
            ("warehouse.database", by_key),
            ("the path of warehouse.url", in_path("warehouse.url", self.url.as_ref())?),
            ("the path of warehouse.reader_url", in_path("warehouse.reader_url", self.reader_url.as_ref())?),
        ] {
            match (&named, name) {
                (_, None) => {}
                (Some((_, known)), Some(name)) if *known == name => {}
                (Some((other, known)), Some(name)) => {
                    return Err(Error::new(Kind::Config, "the warehouse's database has two names")
                        .detail(format!("{other} is {known}, {key} is {name}"))
                        .hint("name it once, or the same in both"));
                }
                (None, Some(name)) => named = Some((key, name)),
            }
        }
        Ok(named.map_or_else(|| DEFAULT_DATABASE.to_owned(), |(_, name)| name))
    }

    /// Refuses names that are not identifiers, a `direct_rows` that does not fit into one block, and an
    /// inconsistent cluster configuration; every client calls it.
    pub(crate) fn check(&self) -> Result<()> {
        self.database()?;
        if self.direct_rows > MOST_DIRECT_ROWS {
            return Err(Error::new(Kind::Config, "an incremental run would not fit into one block")
                .detail(format!("warehouse.direct_rows = {}", self.direct_rows))
                .hint(format!("set it to {MOST_DIRECT_ROWS} or less")));
        }
        if let Some(cluster) = &self.cluster {
            identifier::check("warehouse.cluster", cluster)?;
        }
        let told_each = self.is_told_each();
        let wrong = match (told_each, self.hosts.is_empty()) {
            (true, _) if self.cluster.is_none() => "warehouse.ddl = each, but warehouse.cluster is missing",
            (true, true) => "warehouse.ddl = each, but warehouse.hosts is empty",
            (false, false) => "warehouse.hosts is given, but warehouse.ddl is not each",
            _ => return Ok(()),
        };
        Err(Error::new(Kind::Config, "cannot send statements to the servers of the cluster").detail(wrong).hint(
            "with ddl = \"each\", set cluster, and list in hosts the HTTP address of every server except that of url; \
             leave ddl and hosts out if the cluster has Keeper",
        ))
    }

    /// Returns true if `ddl` is `each`.
    pub(crate) fn is_told_each(&self) -> bool {
        self.ddl == Ddl::Each
    }
}

/// Returns the database that the path of a URL names, as in every ClickHouse client.
fn in_path(key: &'static str, url: Option<&SecretUrl>) -> Result<Option<String>> {
    let Some(url) = url else { return Ok(None) };
    let path = url.expose_secret().path();
    let name = path.strip_prefix('/').unwrap_or(path);
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() {
        return Ok(None);
    }
    identifier::check(key, name).map_err(|_| {
        Error::new(Kind::Config, "the path of the warehouse URL is not the name of a database")
            .detail(format!("{key} has the path {path}"))
            .hint("write http://user:password@host:8123/reports: a path is the database, up to 64 letters, digits and _, not beginning with a digit")
    })?;
    Ok(Some(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(database: &str, url: &str, reader_url: &str) -> Result<String> {
        let parsed = |path: &str| SecretUrl::parse(&format!("http://u:hunter2@h:8123{path}")).unwrap();
        Config {
            database: database.to_owned(),
            url: Some(parsed(url)),
            reader_url: Some(parsed(reader_url)),
            ..Config::default()
        }
        .database()
    }

    #[test]
    fn a_path_names_the_database() {
        for (database, url, reader_url, expected) in [
            ("", "", "/", "reports"),
            ("mart", "", "", "mart"),
            ("", "/mart", "", "mart"),
            ("", "/mart/", "/mart", "mart"),
            ("", "", "/mart", "mart"),
            ("mart", "/mart", "/mart/", "mart"),
        ] {
            assert_eq!(named(database, url, reader_url).unwrap(), expected, "{database} {url} {reader_url}");
        }
    }

    #[test]
    fn two_names_are_refused_with_both_keys() {
        for (database, url, reader_url, keys) in [
            ("reports", "/mart", "", ["warehouse.database is reports", "warehouse.url is mart"]),
            ("one", "", "/two", ["warehouse.database is one", "warehouse.reader_url is two"]),
            ("", "/one", "/two", ["warehouse.url is one", "warehouse.reader_url is two"]),
        ] {
            let error = named(database, url, reader_url).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let report = error.report();
            assert!(keys.iter().all(|key| report.contains(key)) && !report.contains("hunter2"), "{report}");
        }
    }

    #[test]
    fn servers_that_are_told_by_themselves_have_to_be_named() {
        let hosts = || vec![SecretUrl::parse("http://two:8123").unwrap()];
        let of = |cluster: Option<&str>, ddl, hosts| {
            Config { cluster: cluster.map(str::to_owned), ddl, hosts, ..Config::default() }.check()
        };
        for (cluster, ddl, hosts, said) in [
            (None, Ddl::Each, hosts(), "warehouse.cluster is missing"),
            (Some("blue"), Ddl::Each, Vec::new(), "warehouse.hosts is empty"),
            (Some("blue"), Ddl::OnCluster, hosts(), "ddl is not each"),
        ] {
            let error = of(cluster, ddl, hosts).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.report().contains(said), "{}", error.report());
        }
        of(Some("blue"), Ddl::Each, hosts()).unwrap();
        of(Some("blue"), Ddl::OnCluster, Vec::new()).unwrap();
    }

    #[test]
    fn a_path_that_names_no_database_is_refused() {
        for path in ["/a/b", "//a", "/a//", "/2r", "/a%20b", "/a.b", "/a-b"] {
            let report = named("", path, "").unwrap_err().report();
            assert!(report.contains("warehouse.url has the path") && report.contains(path), "{report}");
            assert!(!report.contains("hunter2"), "{report}");
        }
        assert!(named("a b", "", "").is_err());
    }
}
