//! People and cells of the mart. The ids and names of each person are unique, so that a mix-up shows.

use bionicpro_model::SecretUrl;
use bionicpro_warehouse::load::{Dimensions, UserProsthesisRow, UserRow, upsert_dimensions};
use bionicpro_warehouse::{Warehouse, schema};
use chrono::{DateTime, Utc};
use hyper::body::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

/// A person in the CRM, with the prostheses that they have now.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) prostheses: Vec<Uuid>,
}

impl Person {
    /// A person with ids that are derived from the name.
    pub(crate) fn new(name: &str, prostheses: usize) -> Self {
        let id = |what: &str| {
            // Readable in a snapshot and stable: the first letters of both words.
            let bytes: Vec<u8> = what.bytes().chain(name.bytes()).cycle().take(16).collect();
            uuid::Builder::from_random_bytes(bytes.try_into().unwrap()).into_uuid()
        };
        let prostheses = (1..=prostheses).map(|number| id(&format!("hand{number}")));
        Person { id: id("user"), name: name.to_owned(), prostheses: prostheses.collect() }
    }

    pub(crate) fn model(&self, number: usize) -> String {
        format!("Hand {number} of {}", self.name)
    }

    pub(crate) fn chip(&self, number: usize) -> String {
        format!("CHIP-{}-{number}", self.name)
    }

    /// One hour of the person's prosthesis of that number, with unremarkable values.
    pub(crate) fn cell(&self, number: usize, hour: DateTime<Utc>) -> Cell {
        Cell {
            user_id: self.id,
            prosthesis_id: self.prostheses[number - 1],
            name: self.name.clone(),
            chip: self.chip(number),
            model: self.model(number),
            hour,
            movements: 100,
            errors: 1,
            anomalies: 0,
            response: (4500.0, 100),
            battery: (8000.0, 100),
            battery_min: Some(79.0),
            battery_last: Some(79.5),
        }
    }
}

/// A row of the mart.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) user_id: Uuid,
    pub(crate) prosthesis_id: Uuid,
    pub(crate) name: String,
    pub(crate) chip: String,
    pub(crate) model: String,
    pub(crate) hour: DateTime<Utc>,
    pub(crate) movements: u32,
    pub(crate) errors: u32,
    pub(crate) anomalies: u32,
    /// Sum and count.
    pub(crate) response: (f64, u32),
    /// Sum and count.
    pub(crate) battery: (f64, u32),
    pub(crate) battery_min: Option<f32>,
    pub(crate) battery_last: Option<f32>,
}

impl Cell {
    /// The row as JSON, under the names of the mart's columns.
    pub(crate) fn row(&self) -> Value {
        let average = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        json!({
            "user_id": self.user_id, "ldap_username": self.name, "prosthesis_id": self.prosthesis_id,
            "chip_id": self.chip, "date": self.hour.date_naive(), "hour": self.hour.timestamp(),
            "movements_count": self.movements, "avg_response_time": average(self.response),
            "avg_battery_level": average(self.battery), "error_count": self.errors,
            "error_rate": f64::from(self.errors) / f64::from(self.movements.max(1)),
            "customer_name": format!("Name of {}", self.name),
            "customer_email": format!("{}@example.com", self.name), "prosthesis_model": self.model,
            "created_at": 0, "response_count": self.response.1, "response_sum": self.response.0,
            "battery_count": self.battery.1, "battery_sum": self.battery.0, "battery_min": self.battery_min,
            "battery_last": self.battery_last, "anomaly_count": self.anomalies, "version": 1, "is_deleted": 0,
        })
    }
}

/// Rows of the mart as a table function with the mart's columns.
pub(crate) fn table_of(rows: impl IntoIterator<Item = Value>) -> String {
    let columns: Vec<String> = schema::MART.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    let rows: Vec<String> = rows.into_iter().map(|row| row.to_string()).collect();
    format!("format(JSONEachRow, $${}$$, $${}$$)", columns.join(", "), rows.join("\n"))
}

/// Stores dimensions with exactly these people.
pub(super) async fn people(warehouse: &Warehouse, people: &[&Person]) {
    let user = |person: &&Person| UserRow {
        user_id: person.id,
        ldap_username: person.name.clone(),
        customer_name: format!("Name of {}", person.name),
        customer_email: format!("{}@example.com", person.name),
    };
    let prostheses = people.iter().flat_map(|person| {
        person.prostheses.iter().enumerate().map(|(index, id)| UserProsthesisRow {
            user_id: person.id,
            prosthesis_id: *id,
            chip_id: person.chip(index + 1),
            prosthesis_model: person.model(index + 1),
            serial_number: if index == 0 { format!("SN-{}", person.name) } else { String::new() },
            manufactured_on: None,
            warranty_until: None,
        })
    });
    let dimensions = Dimensions {
        users: people.iter().map(user).collect(),
        prostheses: prostheses.collect(),
        owners: Vec::new(),
    };
    let version = u64::try_from(Utc::now().timestamp_micros()).unwrap();
    upsert_dimensions(warehouse, &dimensions, version).await.unwrap();
}

/// Stores the cells as they are, over the engine's HTTP interface.
pub(super) async fn cells(url: &SecretUrl, database: &str, cells: &[Cell]) {
    if cells.is_empty() {
        return;
    }
    let rows: String = cells.iter().map(|cell| format!("{}\n", cell.row())).collect();
    // On a cluster, the rows have reached their shards when the statement ends.
    let insert = format!(
        "INSERT INTO {database}.user_prosthesis_stats SETTINGS distributed_foreground_insert = 1 FORMAT JSONEachRow"
    );
    execute(url, &insert, rows).await;
}

/// Runs a statement in the warehouse, as an operator with any client would.
pub(crate) async fn execute(url: &SecretUrl, statement: &str, body: String) -> String {
    String::from_utf8(send(url, statement, body).await.to_vec()).unwrap()
}

/// Returns the result of a query, in the format that it requests.
pub(crate) async fn ask(url: &SecretUrl, query: &str) -> Bytes {
    send(url, "", query.to_owned()).await
}

async fn send(url: &SecretUrl, statement: &str, body: String) -> Bytes {
    let mut address = url.expose_secret().clone();
    address.query_pairs_mut().append_pair("query", statement);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    // User and password are in the address.
    let response = client.post(address).body(body).send().await.unwrap();
    let status = response.status();
    let answer = response.bytes().await.unwrap();
    assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&answer));
    answer
}
