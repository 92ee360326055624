//! The prostheses that a person has now.

use bionicpro_model::Result;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;

/// A prosthesis that a person has now.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Prosthesis {
    /// The prosthesis.
    #[serde(with = "clickhouse::serde::uuid")]
    pub prosthesis_id: Uuid,
    /// Its chip.
    pub chip_id: String,
    /// Its model's name.
    pub prosthesis_model: String,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
}

impl Reports {
    /// The prostheses that the person has now, by model and id.
    pub async fn prostheses(&self, login: &str) -> Result<Vec<Prosthesis>> {
        let query = self.own(include_str!("prostheses.sql"), login).await?;
        self.run("reading the prostheses", query.fetch_all::<Prosthesis>()).await
    }
}
