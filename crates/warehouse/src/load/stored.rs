//! The rows of the dimension tables, and the difference between their stored and a new state.

use std::collections::BTreeMap;

use bionicpro_model::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clickhouse::{Row, RowOwned, RowRead};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::dimensions::{UserProsthesisRow, UserRow};
use crate::Warehouse;
use crate::owners::OwnerRow;

/// A row of a dimension; among rows with equal keys the greatest version wins.
pub(crate) trait DimensionRow: Clone + PartialEq {
    /// The table's key.
    type Key: Ord;
    /// The statement that reads the table's live rows.
    const LIVE: &'static str;

    fn key(&self) -> Self::Key;

    fn version(&self) -> u64;

    /// Returns the same row at a version; a tombstone of a customer keeps no name and no e-mail address.
    fn at(self, version: u64, is_deleted: bool) -> Self;
}

#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct StoredUser {
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) user_id: Uuid,
    pub(super) ldap_username: String,
    pub(super) customer_name: String,
    pub(super) customer_email: String,
    pub(super) version: u64,
    is_deleted: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct StoredProsthesis {
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) user_id: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    pub(super) prosthesis_id: Uuid,
    pub(super) chip_id: String,
    pub(super) prosthesis_model: String,
    pub(super) serial_number: String,
    #[serde(with = "clickhouse::serde::chrono::date::option")]
    pub(super) manufactured_on: Option<NaiveDate>,
    #[serde(with = "clickhouse::serde::chrono::date::option")]
    pub(super) warranty_until: Option<NaiveDate>,
    pub(super) version: u64,
    is_deleted: u8,
}

/// Reads a dimension's live rows.
pub(crate) async fn read<R>(warehouse: &Warehouse) -> Result<Vec<R>>
where
    R: DimensionRow + RowOwned + RowRead,
{
    warehouse.run("reading the dimensions", warehouse.query(R::LIVE).fetch_all::<R>()).await
}

/// Returns the rows to write at `version` so that the live rows are the wanted ones; empty if nothing
/// changed.
pub(super) fn difference<R: DimensionRow>(stored: &[R], wanted: &[R], version: u64) -> Vec<R> {
    let mut former: BTreeMap<R::Key, &R> = stored.iter().map(|row| (row.key(), row)).collect();
    let mut rows = Vec::new();
    for row in wanted {
        let known = former.remove(&row.key());
        if known.is_none_or(|known| known.clone().at(0, false) != row.clone().at(0, false)) {
            rows.push(row.clone().at(version, false));
        }
    }
    rows.extend(former.into_values().map(|gone| gone.clone().at(version, true)));
    rows
}

impl DimensionRow for StoredUser {
    type Key = (String, Uuid);
    const LIVE: &'static str =
        "SELECT user_id, ldap_username, customer_name, customer_email, version, is_deleted FROM users FINAL";

    fn key(&self) -> Self::Key {
        (self.ldap_username.clone(), self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn at(mut self, version: u64, is_deleted: bool) -> Self {
        if is_deleted {
            self.customer_name.clear();
            self.customer_email.clear();
        }
        StoredUser { version, is_deleted: is_deleted.into(), ..self }
    }
}

impl DimensionRow for StoredProsthesis {
    type Key = (Uuid, Uuid);
    const LIVE: &'static str =
        "SELECT user_id, prosthesis_id, chip_id, prosthesis_model, serial_number, manufactured_on, warranty_until,
            version, is_deleted
        FROM user_prostheses FINAL";

    fn key(&self) -> Self::Key {
        (self.user_id, self.prosthesis_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn at(self, version: u64, is_deleted: bool) -> Self {
        StoredProsthesis { version, is_deleted: is_deleted.into(), ..self }
    }
}

impl DimensionRow for OwnerRow {
    type Key = (String, DateTime<Utc>);
    const LIVE: &'static str =
        "SELECT chip_id, valid_from, valid_to, user_id, prosthesis_id, prosthesis_model, updated_at, version, is_deleted
        FROM chip_owners FINAL";

    fn key(&self) -> Self::Key {
        (self.chip_id.clone(), self.valid_from)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn at(self, version: u64, is_deleted: bool) -> Self {
        OwnerRow { version, is_deleted: is_deleted.into(), ..self }
    }
}

impl From<&UserRow> for StoredUser {
    fn from(row: &UserRow) -> Self {
        StoredUser {
            user_id: row.user_id,
            ldap_username: row.ldap_username.clone(),
            customer_name: row.customer_name.clone(),
            customer_email: row.customer_email.clone(),
            version: 0,
            is_deleted: 0,
        }
    }
}

impl From<StoredUser> for UserRow {
    fn from(row: StoredUser) -> Self {
        UserRow {
            user_id: row.user_id,
            ldap_username: row.ldap_username,
            customer_name: row.customer_name,
            customer_email: row.customer_email,
        }
    }
}

impl From<&UserProsthesisRow> for StoredProsthesis {
    fn from(row: &UserProsthesisRow) -> Self {
        StoredProsthesis {
            user_id: row.user_id,
            prosthesis_id: row.prosthesis_id,
            chip_id: row.chip_id.clone(),
            prosthesis_model: row.prosthesis_model.clone(),
            serial_number: row.serial_number.clone(),
            manufactured_on: row.manufactured_on,
            warranty_until: row.warranty_until,
            version: 0,
            is_deleted: 0,
        }
    }
}

impl From<StoredProsthesis> for UserProsthesisRow {
    fn from(row: StoredProsthesis) -> Self {
        UserProsthesisRow {
            user_id: row.user_id,
            prosthesis_id: row.prosthesis_id,
            chip_id: row.chip_id,
            prosthesis_model: row.prosthesis_model,
            serial_number: row.serial_number,
            manufactured_on: row.manufactured_on,
            warranty_until: row.warranty_until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: u128, login: &str, version: u64) -> StoredUser {
        let row = UserRow {
            user_id: Uuid::from_u128(id),
            ldap_username: login.to_owned(),
            customer_name: "Name".to_owned(),
            customer_email: "mail".to_owned(),
        };
        StoredUser::from(&row).at(version, false)
    }

    #[test]
    fn only_what_changed_is_written_and_what_left_gets_a_tombstone() {
        let stored = [user(1, "same", 5), user(2, "old", 5), user(3, "left", 5)];
        let wanted = [user(1, "same", 0), user(2, "new", 0), user(4, "came", 0)];
        let rows = difference(&stored, &wanted, 9);
        let told: Vec<_> = rows.iter().map(|row| (row.ldap_username.as_str(), row.is_deleted)).collect();
        assert_eq!(told, [("new", 0), ("came", 0), ("left", 1), ("old", 1)]);
        assert!(rows.iter().all(|row| row.version == 9));
        assert!(rows[2].customer_name.is_empty() && rows[2].customer_email.is_empty());
        assert!(difference(&stored, &stored, 9).is_empty());
    }
}
