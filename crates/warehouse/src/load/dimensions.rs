//! The dimensions: customers, their prostheses, who owned a chip when.

use bionicpro_model::Result;
use uuid::Uuid;

use super::stored::{StoredProsthesis, StoredUser, read};
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
    let mut owners = read::<OwnerRow>(warehouse).await?;
    owners.sort_by(|one, two| (&one.chip_id, one.valid_from).cmp(&(&two.chip_id, two.valid_from)));
    Ok(owners.into_iter().map(Ownership::from).collect())
}
