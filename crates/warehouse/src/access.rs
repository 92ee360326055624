//! The accounts of a warehouse and their rights: one list, for the embedded engine and for a ClickHouse server.
//!
//! What is not granted is refused: a new column is nobody's until it stands here.

use bionicpro_model::Result;

use crate::Config;
use crate::identifier::quote;

mod rights;
mod statements;

pub use statements::statements;

/// An account of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name that it signs in with.
    pub name: &'static str,
    /// Its purpose, in one phrase.
    pub purpose: &'static str,
    /// The settings of its profile.
    pub settings: Vec<Setting>,
    /// What follows `GRANT`, as `SELECT ON reports.data_as_of`.
    pub grants: Vec<String>,
}

/// A setting of an account's profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name in ClickHouse.
    pub name: &'static str,
    /// Its value; none leaves the default.
    pub value: Option<&'static str>,
    /// The values that a statement may give it.
    pub bound: Bound,
}

/// The values that a statement may give a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Any.
    Free,
    /// At least this.
    Min(&'static str),
    /// Between these.
    Between(&'static str, &'static str),
    /// None but the profile's.
    Fixed,
}

/// The account that migrates and loads.
pub const LOADER: &str = "bionicpro";
/// The account of the Reports API.
pub const READER: &str = "bionicpro_api";
/// The account of the ML engineers.
pub const ML: &str = "ml";

/// The three accounts of an embedded engine, where the loader owns all databases.
///
/// # Errors
/// `Config` when the database's name is none.
pub fn embedded_accounts(config: &Config) -> Result<Vec<Account>> {
    let [loader, reader, ml] = accounts(config)?;
    Ok(vec![
        Account { purpose: "owns the databases: migrates and loads", grants: rights::owner(), ..loader },
        reader,
        ml,
    ])
}

/// The three accounts of a server, with rights on the configured database.
///
/// # Errors
/// `Config` when the database's name is none.
pub fn accounts(config: &Config) -> Result<[Account; 3]> {
    let database = quote(&config.database()?);
    let is_sharded = config.cluster.is_some();
    Ok([
        Account {
            name: LOADER,
            purpose: "migrates and loads",
            settings: [rights::LIMITS_OF_ALL, rights::LIMITS_OF_LOADER].concat(),
            grants: rights::loader(&database, is_sharded),
        },
        Account {
            name: READER,
            purpose: "reads for the Reports API",
            settings: [rights::LIMITS_OF_ALL, rights::LIMITS_OF_READER].concat(),
            grants: rights::reader(&database, is_sharded),
        },
        Account {
            name: ML,
            purpose: "reads for ML engineers, without names, e-mail addresses and login names",
            settings: [rights::LIMITS_OF_ALL, rights::LIMITS_OF_ML].concat(),
            grants: rights::ml(&database, is_sharded),
        },
    ])
}
