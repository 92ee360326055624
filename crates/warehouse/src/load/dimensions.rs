//! The dimensions: customers, their prostheses, ownership intervals of chips.

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
    /// The login name; empty if the customer has none.
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
    /// Its serial number; empty if unknown.
    pub serial_number: String,
    /// The date of manufacture; `None` if unknown.
    pub manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; `None` if unknown.
    pub warranty_until: Option<NaiveDate>,
}

/// The complete state of the dimensions, from one CRM snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dimensions {
    /// Every customer.
    pub users: Vec<UserRow>,
    /// Every prosthesis with an owner.
    pub prostheses: Vec<UserProsthesisRow>,
    /// Every ownership interval, former ones included.
    pub owners: Vec<Ownership>,
}

/// Returns the stored dimensions: users by id, prostheses by user and id, owners by chip and time.
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

/// Returns every stored ownership interval, by chip and time.
pub async fn owners(warehouse: &Warehouse) -> Result<Vec<Ownership>> {
    Ok(sorted(read::<OwnerRow>(warehouse).await?))
}

/// Returns the ownership intervals of these chips and of every chip that ever belonged to one of their
/// prostheses, transitively. The names are sent in the statement, which is fine for some hundreds.
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
