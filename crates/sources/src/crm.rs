//! The CRM: always its whole current state, under one snapshot.
//!
//! A filter on recent updates would lose the customers that did not change. What contradicts itself (an id, a login
//! name or a chip that two rows claim) is refused here, before it can reach anyone's report.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use bionicpro_model::{Result, Snapshot};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::ident::{quote_identifier, quote_table};
use crate::shape::{Shape, Type, Wanted};
use crate::snapshot::Held;
use crate::{CrmConfig, Database, Session};

/// A row of `customers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: Uuid,
    /// The name; empty when null.
    pub name: String,
    /// The e-mail address; empty when null.
    pub email: String,
    /// The login name; empty when the customer has none.
    pub ldap_username: String,
}

/// A row of `prostheses`, with its model's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prosthesis {
    /// Its id.
    pub id: Uuid,
    /// The customer who has it now.
    pub customer_id: Option<Uuid>,
    /// Its chip now.
    pub chip_id: Option<String>,
    /// Its model's name; none when the model's row is missing.
    pub model: Option<String>,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
    /// When its row was last changed, by the CRM; none where the CRM does not tell or tells no instant.
    pub updated_at: Option<DateTime<Utc>>,
}

/// The whole current state of the CRM.
#[derive(Debug, Clone)]
pub struct Crm {
    /// When it was read.
    pub snapshot: Snapshot,
    /// As [`OpenCrm::fingerprint`].
    pub fingerprint: String,
    /// Every customer.
    pub customers: Vec<Customer>,
    /// Every prosthesis.
    pub prostheses: Vec<Prosthesis>,
}

impl Crm {
    /// Reads everything, under a snapshot whose version is above `floor`, the newest that the warehouse knows.
    ///
    /// # Errors
    /// As [`OpenCrm::new`] and [`OpenCrm::read`].
    pub async fn read(database: &Database, config: &CrmConfig, floor: u64) -> Result<Crm> {
        OpenCrm::new(database.connect().await?, config, floor).await?.read().await
    }
}

/// The CRM under one snapshot, before its rows are read.
pub struct OpenCrm {
    session: Session,
    snapshot: Snapshot,
    fingerprint: String,
    customers: String,
    prostheses: String,
}

impl OpenCrm {
    /// Takes a snapshot in a session, with a version above `floor`, the newest that the warehouse knows.
    ///
    /// # Errors
    /// `Unreachable` and `Config` as the connection gives them; `Data` when a table or a column is missing or of another
    /// type.
    pub async fn new(session: Session, config: &CrmConfig, floor: u64) -> Result<OpenCrm> {
        let schema = &config.schema;
        let (held, of_customers, of_prostheses, of_models) = tokio::try_join!(
            biased;
            Held::take(&session, floor),
            Shape::read(&session, schema, "customers"),
            Shape::read(&session, schema, "prostheses"),
            Shape::read(&session, schema, "prosthesis_models"),
        )?;
        check(&of_customers, &of_prostheses, &of_models)?;
        let (customers, prostheses) = (customers(schema), prostheses(schema, &of_prostheses));
        let fingerprint = fingerprint(&session, &customers, &prostheses).await?;
        Ok(OpenCrm { session, snapshot: held.snapshot, fingerprint, customers, prostheses })
    }

    /// Tells two states of what is read here apart; the server computes it, and no row travels.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// As the connection gives them; `Data` when two rows claim the same customer id, login name, prosthesis id or chip.
    pub async fn read(&self) -> Result<Crm> {
        let customers = rows(&self.session, &self.customers, |row| {
            Ok(Customer {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                email: row.try_get(2)?,
                ldap_username: row.try_get(3)?,
            })
        });
        let prostheses = rows(&self.session, &self.prostheses, |row| {
            Ok(Prosthesis {
                id: row.try_get(0)?,
                customer_id: row.try_get(1)?,
                chip_id: row.try_get(2)?,
                model: row.try_get(3)?,
                serial_number: row.try_get(4)?,
                updated_at: row.try_get(5)?,
            })
        });
        let (customers, prostheses) = tokio::try_join!(biased; customers, prostheses)?;
        let unique = [
            repeated(customers.iter().map(|row| row.id)).map(|id| format!("customers.id {id}")),
            // The login name itself is personal: the customers' ids tell which rows to look at.
            repeated_login(&customers),
            repeated(prostheses.iter().map(|row| row.id)).map(|id| format!("prostheses.id {id}")),
            repeated(prostheses.iter().filter_map(|row| row.chip_id.as_deref()))
                .map(|chip| format!("prostheses.chip_id {chip:?}")),
        ];
        if let Some(twice) = unique.into_iter().flatten().next() {
            let place = &self.session.place;
            return Err(place
                .broken("two rows of the CRM claim what only one may have", twice)
                .hint("correct the CRM: nobody's report can be told from the other's until then"));
        }
        let (snapshot, fingerprint) = (self.snapshot.clone(), self.fingerprint.clone());
        Ok(Crm { snapshot, fingerprint, customers, prostheses })
    }
}

/// Whether all that must be there is there.
fn check(customers: &Shape, prostheses: &Shape, models: &Shape) -> Result<()> {
    customers.require("id", Wanted::Uuid)?;
    for column in ["name", "email", "ldap_username"] {
        customers.require(column, Wanted::Text)?;
    }
    for column in ["id", "customer_id", "model_id"] {
        prostheses.require(column, Wanted::Uuid)?;
    }
    prostheses.require("chip_id", Wanted::Text)?;
    models.require("id", Wanted::Uuid)?;
    models.require("name", Wanted::Text)?;
    Ok(())
}

fn customers(schema: &str) -> String {
    let table = quote_table(schema, "customers");
    format!(
        "SELECT id, coalesce(name, '') AS name, coalesce(email, '') AS email, \
         coalesce(ldap_username, '') AS ldap_username FROM {table} WHERE id IS NOT NULL"
    )
}

fn prostheses(schema: &str, shape: &Shape) -> String {
    let serial = match shape.has("serial_number") {
        true => format!("coalesce(p.{}::text, '')", quote_identifier("serial_number")),
        false => "''".to_owned(),
    };
    let updated = updated_at(shape);
    format!(
        "SELECT p.id, p.customer_id, p.chip_id::text, m.name, {serial} AS serial_number, {updated} AS updated_at \
         FROM {} AS p LEFT JOIN {} AS m ON m.id = p.model_id WHERE p.id IS NOT NULL",
        quote_table(schema, "prostheses"),
        quote_table(schema, "prosthesis_models"),
    )
}

/// The optional column as an instant. Infinite ones are nobody's change.
fn updated_at(shape: &Shape) -> String {
    let column = format!("p.{}", quote_identifier("updated_at"));
    let instant = match shape.find("updated_at") {
        Some(Type::TimestampTz) => column.clone(),
        Some(Type::Timestamp) => format!("{column} AT TIME ZONE 'UTC'"),
        _ => return "NULL::timestamptz".to_owned(),
    };
    format!("CASE WHEN {column} >= '1970-01-01' AND {column} < '2106-01-01' THEN {instant} END")
}

/// Rows and two sums over hashes of 64 bits: the order of rows does not matter, and twice the same row counts twice.
async fn fingerprint(session: &Session, customers: &str, prostheses: &str) -> Result<String> {
    let of = |rows: &str| {
        format!(
            "(SELECT concat_ws(':', count(*), sum(hashtextextended(r::text, 0)), sum(hashtextextended(r::text, 1))) \
             FROM ({rows}) AS r)"
        )
    };
    let row =
        session.row(&format!("SELECT concat_ws('/', {}, {})", of(customers), of(prostheses)), &[]).await?;
    row.try_get(0).map_err(|error| session.place.error(error))
}

async fn rows<T>(
    session: &Session,
    sql: &str,
    decode: impl Fn(&Row) -> Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>> {
    let rows = session.stream(&format!("{sql} ORDER BY id")).await?;
    let rows = rows.and_then(|row| std::future::ready(decode(&row)));
    rows.try_collect().await.map_err(|error| session.place.error(error))
}

fn repeated<T: Eq + Hash + Clone>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    values.find(|value| !seen.insert(value.clone()))
}

fn repeated_login(customers: &[Customer]) -> Option<String> {
    let mut seen = HashMap::new();
    customers.iter().filter(|row| !row.ldap_username.is_empty()).find_map(|row| {
        let first = seen.insert(row.ldap_username.as_str(), row.id)?;
        Some(format!("customers.ldap_username of customers {first} and {}", row.id))
    })
}
