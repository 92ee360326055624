//! The account that migrates and loads.

use bionicpro_model::{Error, Kind, Result};

use crate::Config;

/// A connection to the warehouse with the right to write. Cheap to clone; requests share a pool.
#[derive(Clone)]
pub struct Warehouse {}

impl Warehouse {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// `Config` when `warehouse.url` is missing or not HTTP, the password file cannot be read, or the name of the
    /// database or the cluster is not an identifier.
    pub fn new(_config: &Config) -> Result<Self> {
        Ok(Warehouse {})
    }

    /// Asks the engine for its version, with the account's password: reachable, and let in.
    ///
    /// # Errors
    /// `Unreachable` when nothing answers in time, `Config` when the account is refused.
    pub async fn ping(&self) -> Result<String> {
        Err(Error::new(Kind::Internal, "not built yet"))
    }
}
