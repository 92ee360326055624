//! The dimensions: customers, their prostheses, who owned a chip when.

use std::collections::BTreeSet;

use bionicpro_model::Result;
use chrono::NaiveDate;
use uuid::Uuid;

use super::stored::{DimensionRow, StoredProsthesis, StoredUser, read};
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
    /// When it was made; none when unknown.
    pub manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; none when unknown.
    pub warranty_until: Option<NaiveDate>,
}

/// The whole state of the dimensions, as one CRM snapshot gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dimensions {
    /// Every customer.
    pub users: Vec<UserRow>,
    /// Every prosthesis with an owner.
    pub prostheses: Vec<UserProsthesisRow>,
    /// Every interval of ownership, the former ones included.
    pub owners: Vec<Ownership>,
}

/// The dimensions as they are stored now: users by id, prostheses by user and id, owners by chip and time.
pub async fn dimensions(warehouse: &Warehouse) -> Result<Dimensions> {
    let (mut users, mut prostheses, owners) = tokio::try_join!(
        read::<StoredUser>(warehouse),
        read::<StoredProsthesis>(warehouse),
        owners(warehouse),
    )?;
    users.sort_by_key(|row| row.user_id);
    prostheses.sort_by_key(|row| (row.user_id, row.prosthesis_id));
    Ok(Dimensions {
        users: users.into_iter().map(UserRow::from).collect(),
        prostheses: prostheses.into_iter().map(UserProsthesisRow::from).collect(),
        owners,
    })
}

/// Every interval of ownership as it is stored now, by chip and time.
pub async fn owners(warehouse: &Warehouse) -> Result<Vec<Ownership>> {
    Ok(sorted(read::<OwnerRow>(warehouse).await?))
}

/// The same of these chips and of each that ever was of one of their prostheses, directly or by way of others. Names
/// travel in the statement: some hundreds are few.
pub async fn owners_of(warehouse: &Warehouse, chips: &[&str]) -> Result<Vec<Ownership>> {
    let mut asked: BTreeSet<String> = chips.iter().map(|chip| (*chip).to_owned()).collect();
    loop {
        let sql = format!(
            "{} WHERE prosthesis_id GLOBAL IN (SELECT prosthesis_id FROM chip_owners FINAL WHERE chip_id IN ?)",
            OwnerRow::LIVE
        );
        let names: Vec<&str> = asked.iter().map(String::as_str).collect();
        let query = warehouse.query_of(&sql, &names).fetch_all::<OwnerRow>();
        let owners = warehouse.run("reading who owned some chips", query).await?;
        let before = asked.len();
        asked.extend(owners.iter().map(|row| row.chip_id.clone()));
        if asked.len() == before {
            return Ok(sorted(owners));
        }
    }
}

fn sorted(mut owners: Vec<OwnerRow>) -> Vec<Ownership> {
    owners.sort_by(|one, two| (&one.chip_id, one.valid_from).cmp(&(&two.chip_id, two.valid_from)));
    owners.into_iter().map(Ownership::from).collect()
}
