//! The dimensions: customers, their prostheses, who owned a chip when.

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use bionicpro_model::{HourRange, Result};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::mart::note_range;
use crate::Warehouse;
use crate::owners::{OwnerRow, Ownership};

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The customer's id.
    pub user_id: Uuid,
    /// The login name; empty when the customer has none.
    pub ldap_username: String,
    /// The name.
    pub customer_name: String,
    /// The e-mail address.
    pub customer_email: String,
}

/// A prosthesis that a customer has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserProsthesisRow {
    /// The customer's id.
    pub user_id: Uuid,
    /// The prosthesis.
    pub prosthesis_id: Uuid,
    /// Its chip.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
}

/// The whole current state of the dimensions, as one CRM snapshot gives it.
#[derive(Debug, Clone, Default)]
pub struct Dimensions {
    /// Every customer.
    pub users: Vec<UserRow>,
    /// Every prosthesis with an owner.
    pub prostheses: Vec<UserProsthesisRow>,
    /// Every interval of ownership, the former ones included.
    pub owners: Vec<Ownership>,
}

#[derive(Row, Serialize, Deserialize)]
struct StoredUser {
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    ldap_username: String,
    customer_name: String,
    customer_email: String,
    version: u64,
    is_deleted: u8,
}

#[derive(Row, Serialize, Deserialize)]
struct StoredProsthesis {
    #[serde(with = "clickhouse::serde::uuid")]
    user_id: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    prosthesis_id: Uuid,
    chip_id: String,
    prosthesis_model: String,
    serial_number: String,
    version: u64,
    is_deleted: u8,
}

/// Replaces the dimensions by the state of a CRM snapshot; what is not in it vanishes.
///
/// That holds for the history of owners too: `owners` holds the whole of it, as [`crate::owners::read`] gave it, with
/// the changes that the snapshot shows. `version` is the CRM snapshot's. An older state than the one stored changes
/// nothing; an equal one is repeated.
pub async fn upsert_dimensions(warehouse: &Warehouse, dimensions: &Dimensions, version: u64) -> Result<()> {
    if newest(warehouse).await? > version {
        tracing::info!("a newer state of the dimensions is loaded already");
        return Ok(());
    }
    let doing = "loading the dimensions";
    let users: Vec<_> = dimensions.users.iter().map(|row| row.stored(version)).collect();
    let prostheses: Vec<_> = dimensions.prostheses.iter().map(|row| row.stored(version)).collect();
    let owners: Vec<_> = dimensions.owners.iter().map(|row| OwnerRow::new(row, version)).collect();
    warehouse.insert("users", doing, &users).await?;
    warehouse.insert("user_prostheses", doing, &prostheses).await?;
    warehouse.insert("chip_owners", doing, &owners).await?;
    note_range(warehouse, "dimensions", None, &HourRange::new(FIRST_HOUR, END_OF_HOURS)?, version).await?;
    let loader = warehouse.loader().await?;
    for hide in [
        include_str!("vanished_users.sql"),
        include_str!("vanished_prostheses.sql"),
        include_str!("vanished_owners.sql"),
    ] {
        warehouse.run("hiding what left the CRM", loader.query_raw(hide).execute()).await?;
    }
    Ok(())
}

/// The version of the newest complete state; 0 before the first.
async fn newest(warehouse: &Warehouse) -> Result<u64> {
    let query = warehouse.query("SELECT max(version) FROM loaded_ranges WHERE scope = 'dimensions'");
    warehouse.run("looking for a newer state of the dimensions", query.fetch_one::<u64>()).await
}

impl UserRow {
    fn stored(&self, version: u64) -> StoredUser {
        StoredUser {
            user_id: self.user_id,
            ldap_username: self.ldap_username.clone(),
            customer_name: self.customer_name.clone(),
            customer_email: self.customer_email.clone(),
            version,
            is_deleted: 0,
        }
    }
}

impl UserProsthesisRow {
    fn stored(&self, version: u64) -> StoredProsthesis {
        StoredProsthesis {
            user_id: self.user_id,
            prosthesis_id: self.prosthesis_id,
            chip_id: self.chip_id.clone(),
            prosthesis_model: self.prosthesis_model.clone(),
            serial_number: self.serial_number.clone(),
            version,
            is_deleted: 0,
        }
    }
}
