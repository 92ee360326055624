//! Who has a login name now.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;

/// A person, by the name that the token carries.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct User {
    /// The key of every other query.
    #[serde(with = "clickhouse::serde::uuid")]
    pub user_id: Uuid,
    /// The login name.
    pub ldap_username: String,
}

impl Reports {
    /// Who has this login name now. An empty name is nobody's.
    pub async fn user_by_name(&self, ldap_username: &str) -> Result<Option<User>> {
        if ldap_username.is_empty() {
            return Ok(None);
        }
        let query = self.query(include_str!("user.sql")).await?.param("ldap_username", ldap_username);
        self.run("looking for the user", query.fetch_optional::<User>()).await
    }
}
