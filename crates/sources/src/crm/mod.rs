//! The CRM: its whole current state, or only some rows if that state is known already, under one snapshot.
//!
//! A filter on recent updates would lose the customers that did not change: a fingerprint of all rows read
//! shows whether any did. Contradictions (two rows with the same id, login name or chip) are refused here,
//! before they can reach a report.

mod unreadable;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use bionicpro_model::{Condition, Result, Snapshot};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{FutureExt, TryStreamExt};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::ident::{quote_identifier, quote_table};
use crate::shape::{ColumnType, Shape, Type};
use crate::snapshot::{Held, Tables};
use crate::{CrmConfig, Database, Session};
use unreadable::Column;

/// The tables that are read.
const TABLES: [&str; 3] = ["customers", "prostheses", "prosthesis_models"];

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
    /// Its current customer.
    pub customer_id: Option<Uuid>,
    /// Its current chip.
    pub chip_id: Option<String>,
    /// Its model's name; `None` if the model's row is missing.
    pub model: Option<String>,
    /// Its serial number; empty when unknown.
    pub serial_number: String,
    /// The date of manufacture; `None` if unknown.
    pub manufactured_on: Option<NaiveDate>,
    /// The last day of its warranty; `None` if unknown.
    pub warranty_until: Option<NaiveDate>,
    /// The time of its row's last change, from the CRM; `None` if the CRM does not record it, or not as an
    /// instant from 1970 to 2105.
    pub updated_at: Option<DateTime<Utc>>,
}

/// The current state of the CRM.
#[derive(Debug, Clone)]
pub struct Crm {
    /// The snapshot under which it was read.
    pub snapshot: Snapshot,
    /// As [`OpenCrm::fingerprint`].
    pub fingerprint: String,
    /// The number of customers in the CRM.
    pub all_customers: u64,
    /// The number of prostheses in the CRM.
    pub all_prostheses: u64,
    /// Every customer, or those that were requested.
    pub customers: Vec<Customer>,
    /// Every prosthesis, or those that were requested.
    pub prostheses: Vec<Prosthesis>,
    /// Values that cannot be read, by table, column and id: they count as unknown.
    pub unreadable: Vec<String>,
    /// Prostheses whose chip or customer is among them: their owner is unknown, which does not count as a
    /// change of owner.
    pub unknown_owners: HashSet<Uuid>,
}

impl Crm {
    /// Returns whether every row of the CRM is included.
    pub fn is_whole(&self) -> bool {
        let rows = (self.customers.len() as u64, self.prostheses.len() as u64);
        rows == (self.all_customers, self.all_prostheses)
    }
}

impl Crm {
    /// Reads everything, under a snapshot whose version is above `floor`, the newest that the warehouse
    /// knows.
    ///
    /// # Errors
    /// As [`OpenCrm::open`] and [`OpenCrm::read`].
    pub async fn read(database: &Database, config: &CrmConfig, floor: u64) -> Result<Crm> {
        OpenCrm::open(database, config, floor).await?.read().await
    }
}

/// The CRM under one snapshot, before its rows are read.
pub struct OpenCrm {
    session: Session,
    snapshot: Snapshot,
    found: CrmSummary,
    customers: String,
    prostheses: String,
    prostheses_table: String,
    shapes: [Shape; 3],
}

/// A summary of the rows, which the server computes without sending them.
struct CrmSummary {
    fingerprint: String,
    customers: i64,
    prostheses: i64,
}

impl OpenCrm {
    /// Checks the tables and takes a snapshot, whose version is above `floor`, the newest that the warehouse
    /// knows.
    ///
    /// # Errors
    /// `Unreachable` and `Config` from the connection; `Data` when a table or a column is missing or of
    /// another type.
    pub async fn open(database: &Database, config: &CrmConfig, floor: u64) -> Result<OpenCrm> {
        let session = database.connect().await?;
        let schema = &config.schema;
        let tables = Tables {
            names: TABLES.map(|table| quote_table(schema, table)).into(),
            policies_apply: !config.policies.is_empty(),
        };
        let shapes = || {
            let [customers, prostheses, models] = TABLES.map(|table| Shape::read(&session, schema, table));
            async { tokio::try_join!(biased; customers, prostheses, models) }.boxed()
        };
        let (held, (of_customers, of_prostheses, of_models)) =
            Held::take(database, &session, &tables, floor, shapes).await?;
        for shape in [&of_customers, &of_prostheses, &of_models] {
            shape.policies(&config.policies)?;
        }
        check(&of_customers, &of_prostheses, &of_models)?;
        let (customers, prostheses) = (customers(schema), prostheses(schema, &of_prostheses, &of_models));
        let found = match find(&session, &customers, &prostheses).await {
            Err(error) if error.is(Condition::ValueUnreadable) => {
                session.recover().await?;
                count(&session, &held.snapshot, &customers, &prostheses).await?
            }
            found => found?,
        };
        let prostheses_table = quote_table(schema, "prostheses");
        let shapes = [of_customers, of_prostheses, of_models];
        Ok(OpenCrm {
            session,
            snapshot: held.snapshot,
            found,
            customers,
            prostheses,
            prostheses_table,
            shapes,
        })
    }

    /// The snapshot under which this reads.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Distinguishes two states of the rows read here; the server computes it, so no row is transferred.
    pub fn fingerprint(&self) -> &str {
        &self.found.fingerprint
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// Any error of the connection; `Data` when two rows have the same customer id, login name, prosthesis id
    /// or chip.
    pub async fn read(&self) -> Result<Crm> {
        let crm = self.select("", "").await?;
        match crm.is_whole() {
            true => Ok(crm),
            // A snapshot covers rows, not the tree of tables: a part may have been attached or detached
            // between two statements.
            false => Err(self.session.place.changed()),
        }
    }

    /// Reads these prostheses, these customers, and the current customers of the prostheses.
    ///
    /// # Errors
    /// As [`OpenCrm::read`].
    pub async fn read_some(&self, customers: &[Uuid], prostheses: &[Uuid]) -> Result<Crm> {
        let (customers, prostheses) = (array(customers), array(prostheses));
        let have = format!("SELECT customer_id FROM {} WHERE id = ANY ({prostheses})", self.prostheses_table);
        self.select(
            &format!(" AND (id = ANY ({customers}) OR id IN ({have}))"),
            &format!(" AND p.id = ANY ({prostheses})"),
        )
        .await
    }

    /// Reads the rows that also meet these conditions.
    async fn select(&self, of_customers: &str, of_prostheses: &str) -> Result<Crm> {
        let (of_customers, of_prostheses) =
            (format!("{}{of_customers}", self.customers), format!("{}{of_prostheses}", self.prostheses));
        let read = async {
            tokio::try_join!(
                biased;
                rows(&self.session, &of_customers, customer),
                rows(&self.session, &of_prostheses, prosthesis),
                Shape::check_names(&self.session, &self.shapes)
            )
        };
        let mut not_read = Vec::new();
        let (customers, prostheses, ()) = match read.await {
            Err(error) if error.is(Condition::ValueUnreadable) => {
                self.session.recover().await?;
                let fail = |error| self.session.place.error(error);
                let (rows, of_them) =
                    unreadable::read(&self.session, "customers", &of_customers, CUSTOMER).await?;
                let customers = rows.iter().map(customer).collect::<Result<_, _>>().map_err(fail)?;
                not_read.extend(of_them);
                let (rows, of_them) =
                    unreadable::read(&self.session, "prostheses", &of_prostheses, PROSTHESIS).await?;
                let prostheses = rows.iter().map(prosthesis).collect::<Result<_, _>>().map_err(fail)?;
                not_read.extend(of_them);
                (customers, prostheses, Shape::check_names(&self.session, &self.shapes).await?)
            }
            read => read?,
        };
        let unique = [
            repeated(customers.iter().map(|row| row.id)).map(|id| format!("customers.id {id}")),
            // The login name itself is personal data: the customers' ids identify the rows.
            repeated_login(&customers),
            repeated(prostheses.iter().map(|row| row.id)).map(|id| format!("prostheses.id {id}")),
            repeated(prostheses.iter().filter_map(|row| row.chip_id.as_deref()))
                .map(|chip| format!("prostheses.chip_id {chip:?}")),
        ];
        if let Some(twice) = unique.into_iter().flatten().next() {
            let place = &self.session.place;
            return Err(place
                .broken("two rows of the CRM share a value that must be unique", twice)
                .hint("correct the CRM: until then, the reports of the two cannot be told apart"));
        }
        Ok(Crm {
            snapshot: self.snapshot.clone(),
            fingerprint: self.found.fingerprint.clone(),
            all_customers: self.found.customers.unsigned_abs(),
            all_prostheses: self.found.prostheses.unsigned_abs(),
            customers,
            prostheses,
            unknown_owners: not_read
                .iter()
                .filter(|value| OWNERSHIP.contains(&value.column))
                .map(|value| value.id)
                .collect(),
            unreadable: not_read.into_iter().map(|value| value.text).collect(),
        })
    }
}

/// The columns of customers after their id, each with the SQL expression that replaces a value that cannot be
/// read.
const CUSTOMER: &[Column] = &[("name", "''"), ("email", "''"), ("ldap_username", "''")];

/// The columns that determine the owner of a prosthesis.
const OWNERSHIP: [&str; 2] = ["customer_id", "chip_id"];

/// The columns of prostheses after their id, as in `CUSTOMER`.
const PROSTHESIS: &[Column] = &[
    ("customer_id", "NULL::uuid"),
    ("chip_id", "NULL::text"),
    ("name", "NULL::text"),
    ("serial_number", "''"),
    ("updated_at", "NULL::timestamptz"),
    ("manufactured_on", "NULL::date"),
    ("warranty_until", "NULL::date"),
];

fn customer(row: &Row) -> Result<Customer, tokio_postgres::Error> {
    Ok(Customer {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        ldap_username: row.try_get(3)?,
    })
}

fn prosthesis(row: &Row) -> Result<Prosthesis, tokio_postgres::Error> {
    Ok(Prosthesis {
        id: row.try_get(0)?,
        customer_id: row.try_get(1)?,
        chip_id: row.try_get(2)?,
        model: row.try_get(3)?,
        serial_number: row.try_get(4)?,
        updated_at: row.try_get(5)?,
        manufactured_on: row.try_get(6)?,
        warranty_until: row.try_get(7)?,
    })
}

/// Checks that every required column exists, with an accepted type.
fn check(customers: &Shape, prostheses: &Shape, models: &Shape) -> Result<()> {
    customers.require("id", ColumnType::Uuid)?;
    for column in ["name", "email", "ldap_username"] {
        customers.require(column, ColumnType::Text)?;
    }
    for column in ["id", "customer_id", "model_id"] {
        prostheses.require(column, ColumnType::Uuid)?;
    }
    prostheses.require("chip_id", ColumnType::Text)?;
    models.require("id", ColumnType::Uuid)?;
    models.require("name", ColumnType::Text)?;
    Ok(())
}

fn customers(schema: &str) -> String {
    let table = quote_table(schema, "customers");
    format!(
        "SELECT id, {} AS name, {} AS email, {} AS ldap_username FROM {table} WHERE id IS NOT NULL",
        text("name"),
        text("email"),
        text("ldap_username")
    )
}

fn prostheses(schema: &str, shape: &Shape, models: &Shape) -> String {
    let serial = match shape.has("serial_number") {
        true => text(&format!("p.{}", quote_identifier("serial_number"))),
        false => "''".to_owned(),
    };
    let (updated, manufactured, warranty) =
        (updated_at(shape), manufactured_on(shape), warranty_until(shape, models));
    format!(
        "SELECT p.id, p.customer_id, p.chip_id::text COLLATE \"C\" AS chip_id, m.name::text COLLATE \"C\" AS name, \
         {serial} AS serial_number, {updated} AS updated_at, {manufactured} AS manufactured_on, \
         {warranty} AS warranty_until \
         FROM {} AS p LEFT JOIN {} AS m ON m.id = p.model_id WHERE p.id IS NOT NULL",
        quote_table(schema, "prostheses"),
        quote_table(schema, "prosthesis_models"),
    )
}

/// The optional column as an instant. Timestamps before 1970 or from 2106 on, among them infinite ones, are
/// ignored.
fn updated_at(shape: &Shape) -> String {
    let column = format!("p.{}", quote_identifier("updated_at"));
    let instant = match shape.find("updated_at") {
        Some(Type::TimestampTz) => column.clone(),
        Some(Type::Timestamp) => format!("{column} AT TIME ZONE 'UTC'"),
        _ => return "NULL::timestamptz".to_owned(),
    };
    format!("CASE WHEN {column} >= '1970-01-01' AND {column} < '2106-01-01' THEN {instant} END")
}

/// The optional column as a day. A date that the warehouse's `Date` cannot hold counts as unknown.
fn manufactured_on(shape: &Shape) -> String {
    match shape.find("manufacture_date") {
        Some(Type::Date) => {
            let column = format!("p.{}", quote_identifier("manufacture_date"));
            format!("CASE WHEN {column} BETWEEN '1970-01-01' AND '2149-06-06' THEN {column} END")
        }
        _ => "NULL::date".to_owned(),
    }
}

/// The day of manufacture plus the years of the model's warranty, if the CRM has both. Less than one year
/// means no warranty; more than 100 years is a mistake.
fn warranty_until(shape: &Shape, models: &Shape) -> String {
    match (shape.find("manufacture_date"), models.find("warranty_years")) {
        (Some(Type::Date), Some(Type::Int)) => {
            let column = format!("p.{}", quote_identifier("manufacture_date"));
            let years = format!("m.{}", quote_identifier("warranty_years"));
            format!(
                "CASE WHEN {column} BETWEEN '1970-01-01' AND '2049-01-01' AND {years} BETWEEN 1 AND 100 \
                 THEN ({column} + make_interval(years => {years}::int))::date END"
            )
        }
        _ => "NULL::date".to_owned(),
    }
}

/// The number of rows and two sums over 64-bit hashes: the order of rows does not matter, and a duplicate row
/// counts twice.
///
/// The server's hash of a row is a sum of multiples of its columns' hashes. Sums of such hashes would miss
/// two rows that exchange a value, so each is hashed once more. Hashing the row's text takes four times as
/// long.
async fn find(session: &Session, customers: &str, prostheses: &str) -> Result<CrmSummary> {
    let of = |rows: &str| {
        let hash = |seed: u8| format!("sum(hashint8extended(hash_record_extended(r, {seed}), {seed}))");
        format!("SELECT count(*) AS rows, {} AS one, {} AS two FROM ({rows}) AS r", hash(0), hash(1))
    };
    let sql = format!(
        "SELECT concat_ws(':', c.rows, c.one, c.two, p.rows, p.one, p.two), c.rows, p.rows \
         FROM ({}) AS c, ({}) AS p",
        of(customers),
        of(prostheses)
    );
    let row = session.row(&sql, &[]).await?;
    let fail = |error| session.place.error(error);
    Ok(CrmSummary {
        fingerprint: row.try_get(0).map_err(fail)?,
        customers: row.try_get(1).map_err(fail)?,
        prostheses: row.try_get(2).map_err(fail)?,
    })
}

/// The summary if a value cannot even be hashed, with a fingerprint that no other snapshot shares.
async fn count(
    session: &Session,
    snapshot: &Snapshot,
    customers: &str,
    prostheses: &str,
) -> Result<CrmSummary> {
    let fail = |error| session.place.error(error);
    let of = |rows: &str| format!("(SELECT count(*) FROM ({rows}) AS q)");
    let row = session.row(&format!("SELECT {}, {}", of(customers), of(prostheses)), &[]).await?;
    Ok(CrmSummary {
        fingerprint: format!("at {}", snapshot.version()),
        customers: row.try_get(0).map_err(fail)?,
        prostheses: row.try_get(1).map_err(fail)?,
    })
}

fn array(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("'{{{}}}'::uuid[]", ids.join(","))
}

/// A text column as an expression that is never null and whose hash covers every byte, whatever its type and
/// collation.
fn text(column: &str) -> String {
    format!("coalesce({column}::text, '') COLLATE \"C\"")
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
