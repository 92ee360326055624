//! D24: valid and invalid requests built from the OpenAPI document. No answer is a server error, and each is
//! as the document describes it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::docs::conforms;
use crate::support::{Answered, App, Client, Person, at};

/// The number of requests, unless `BIONICPRO_FUZZ_REQUESTS` sets another one.
const REQUESTS: usize = 1_500;

/// Values that no parameter accepts, and some that one parameter or another does.
const ODD: [&str; 40] = [
    "",
    " ",
    "0",
    "-1",
    "1",
    "366",
    "367",
    "1e9",
    "1e3",
    "+5",
    "9223372036854775808",
    "0x10",
    "null",
    "true",
    "[]",
    "{}",
    "1969-12-31",
    "1970-01-01",
    "2024-02-29",
    "2023-02-29",
    "2024-13-01",
    "2149-06-07",
    "9999-12-31",
    "2024-01-15T00:00:00Z",
    "UTC",
    "Etc/GMT+3",
    "Asia/Kolkata",
    "Europe/Moscow",
    "Europe/moscow",
    "+03:00",
    "Africa/Monrovia",
    "Pacific/Apia",
    "' OR 1=1 --",
    "{login: String}",
    "=cmd|' /C calc'!A0",
    "<script>",
    "\u{0}",
    "\r\nX-Injected: 1",
    "🦾",
    "a&b=c",
];

/// One operation of the document.
struct Operation {
    method: reqwest::Method,
    path: String,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
                body: operation["requestBody"]["content"]["application/json"].get("schema").cloned(),
                responses: operation["responses"].clone(),
            });
        }
    }
    operations
}

/// Returns a value for the parameter, mostly one that its schema allows.
fn value(parameter: &Value, random: &mut StdRng) -> String {
    let schema = &parameter["schema"];
    if random.random_bool(0.3) {
        return (*ODD.choose(random).unwrap()).to_owned();
    }
    let day = || {
        let day = at("2024-01-10T00:00:00Z");
        move |random: &mut StdRng| {
            (day + chrono::TimeDelta::days(random.random_range(0..30))).date_naive().to_string()
        }
    };
    match (parameter["name"].as_str().unwrap(), schema["format"].as_str()) {
        ("tz", _) => (*["UTC", "Europe/Moscow", "Europe/Berlin", "America/New_York"].choose(random).unwrap())
            .to_owned(),
        (_, Some("date")) => day()(random),
        (_, Some("uuid")) => uuid::Uuid::from_u128(random.random()).to_string(),
        ("limit", _) => random.random_range(1..=366).to_string(),
        _ => parameter["example"].as_str().unwrap_or("x").to_owned(),
    }
}

/// Returns a body that the schema describes, sometimes with a member changed, added or left out; or no JSON
/// at all.
fn body(schema: &Value, schemas: &Value, random: &mut StdRng) -> String {
    if random.random_bool(0.1) {
        return (*ODD.choose(random).unwrap()).to_owned();
    }
    let schema = schema["$ref"].as_str().map_or(schema, |name| &schemas[name.rsplit('/').next().unwrap()]);
    let mut members = serde_json::Map::new();
    for (name, _) in schema["properties"].as_object().unwrap() {
        let odd = [
            Value::Null,
            1.into(),
            "x".into(),
            "ru".into(),
            "dark".into(),
            "left".into(),
            "Europe/Moscow".into(),
        ];
        if random.random_bool(0.9) {
            members.insert(name.clone(), odd.choose(random).unwrap().clone());
        }
    }
    if random.random_bool(0.1) {
        members.insert("role".to_owned(), "administrator".into());
    }
    Value::Object(members).to_string()
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn target(operation: &Operation, random: &mut StdRng) -> String {
    let (mut path, mut query) = (operation.path.clone(), Vec::new());
    for parameter in &operation.parameters {
        let (name, value) = (parameter["name"].as_str().unwrap(), value(parameter, random));
        if parameter["in"] == "path" {
            path = path.replace(&format!("{{{name}}}"), &encode(&value));
        } else if parameter["required"] == true || random.random_bool(0.5) {
            query.push(format!("{}={}", encode(name), encode(&value)));
        }
    }
    if random.random_bool(0.05) {
        query
            .push((*["user_id=bob", "tz=UTC", "%ff=1", "&", "limit[]=5"].choose(random).unwrap()).to_owned());
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d24_whatever_the_document_allows_or_forbids_is_answered_as_it_says() {
    let requests = std::env::var("BIONICPRO_FUZZ_REQUESTS").map_or(REQUESTS, |text| text.parse().unwrap());
    let seed: u64 = rand::rng().random();
    println!("seed {seed}, {requests} requests");
    let mut random = StdRng::seed_from_u64(seed);
    let app = App::builder().configure(|config| config.cache_mb = 1).start().await;
    let ivan = Person::new("ivan.petrov", 2);
    let cells: Vec<_> = (0..20)
        .map(|day| {
            let number = if day % 2 == 0 { 1 } else { 2 };
            ivan.cell(number, at("2024-01-10T08:00:00Z") + chrono::TimeDelta::days(day))
        })
        .collect();
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(at("2024-01-29T12:00:00Z")).await;
    let document = app.anonymous().get("/openapi.json").await.json();
    let operations = operations(&document);
    let clients =
        [app.wearer("ivan.petrov"), app.wearer("nobody"), app.administrator("alexey"), app.anonymous()];

    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..requests {
        let operation = operations.choose(&mut random).unwrap();
        let client = clients[[0, 0, 0, 0, 1, 2, 2, 3].choose(&mut random).copied().unwrap()].clone();
        let target = target(operation, &mut random);
        let schemas = &document["components"]["schemas"];
        let body = operation.body.as_ref().map(|schema| self::body(schema, schemas, &mut random));
        let answered = send(&client, operation, &target, body.as_deref()).await;
        let status = answered.checked_status();
        assert!(status < 500, "{status} for {target}");
        check(&answered, operation, schemas, &target);
        *seen.entry(status).or_insert(0_usize) += 1;
    }
    println!("{seen:?}");
    assert!(seen[&200] > requests / 5, "too few are valid: {seen:?}");
    assert!(seen[&400] > requests / 20, "too few are invalid: {seen:?}");
}

async fn send(client: &Client, operation: &Operation, target: &str, body: Option<&str>) -> Answered {
    client.send(operation.method.clone(), target, &[], body).await
}

/// Checks that the document names the status for the operation, and that the body matches its schema.
fn check(answered: &Answered, operation: &Operation, schemas: &Value, target: &str) {
    let described = &operation.responses[answered.status.to_string()];
    // A path that this service does not have is refused before an operation is looked up.
    let is_no_path = answered.status == 400 || answered.status == 404;
    assert!(!described.is_null() || is_no_path, "{} is not described for {target}", answered.status);
    let schema = &described["content"]["application/json"]["schema"];
    if answered.status == 200 && schema["$ref"].is_string() {
        conforms(&answered.json(), schema, schemas, target);
    }
}
