//! The accounts of a warehouse and their rights: one list, for the embedded engine and for a ClickHouse
//! server.
//!
//! Access that is not granted is refused: no account reads a new column until it is listed here.

use bionicpro_model::Result;

use crate::Config;
use crate::identifier::quote;

mod rights;
mod statements;

pub use statements::statements;

/// An account of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The login name of the account.
    pub name: &'static str,
    /// Its purpose, in one phrase.
    pub purpose: &'static str,
    /// The settings of its profile.
    pub settings: Vec<Setting>,
    /// The privileges and objects of its `GRANT` statements, such as `SELECT ON reports.data_as_of`.
    pub grants: Vec<String>,
}

/// A setting of an account's profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name in ClickHouse.
    pub name: &'static str,
    /// Its value; `None` leaves the default.
    pub value: Option<&'static str>,
    /// The values that a statement may set.
    pub bound: Bound,
}

/// The values to which a statement may set a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Any value.
    Free,
    /// At least this value.
    Min(&'static str),
    /// Between these values, both included.
    Between(&'static str, &'static str),
    /// Only the profile's value.
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
/// `Config` when the database name is not valid.
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
/// `Config` when the database name is not valid.
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
