//! `/docs` and `/openapi.json`.

use std::path::Path;

use crate::support::App;

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let app = App::start().await;
    let served = app.anonymous().get("/openapi.json").await;
    assert_eq!(served.checked_status(), 200);
    assert!(std::fs::read_to_string(committed).unwrap() == served.body, "run `make reference`");
    assert_eq!(served.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_address_of_the_document_answers_and_needs_a_token_where_it_says_so() {
    let app = App::start().await;
    let document = app.anonymous().get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 7);
    for (path, methods) in paths {
        let secured = methods["get"].get("security").is_some();
        let answered = app.anonymous().get(&path.replace("{date}", "2024-01-15")).await;
        assert_eq!(answered.status, if secured { 401 } else { 200 }, "{path}");
        assert_eq!(secured, path.starts_with("/api/"), "{path}");
    }
}

#[tokio::test]
async fn the_fields_of_an_answer_are_those_of_the_document() {
    let app = App::start().await;
    let ivan = crate::support::Person::new("ivan.petrov", 1);
    app.seed(&[&ivan], &[ivan.cell(1, crate::support::at("2024-01-15T08:00:00Z"))]).await;
    let document = app.anonymous().get("/openapi.json").await.json();
    let schemas = &document["components"]["schemas"];
    let client = app.wearer("ivan.petrov");
    for (path, schema) in [
        ("/api/reports", "ReportList"),
        ("/api/reports/summary", "SummaryReport"),
        ("/api/reports/2024-01-15", "DayReport"),
        ("/health/ready", "Readiness"),
        ("/api/reports/2024-01-16", "Problem"),
    ] {
        conforms(&client.get(path).await.json(), &schemas[schema], schemas, path);
    }
}

/// Each field is described, each required one is there, and types fit, as deep as the answer goes.
fn conforms(value: &serde_json::Value, schema: &serde_json::Value, schemas: &serde_json::Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return conforms(value, &schemas[reference.rsplit('/').next().unwrap()], schemas, place);
    }
    let types: Vec<&str> = match &schema["type"] {
        serde_json::Value::Array(types) => types.iter().map(|name| name.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap_or_else(|| panic!("{place}: no type in {schema}"))],
    };
    let actual = match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(number) if number.is_f64() => "number",
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    };
    assert!(types.contains(&actual), "{place}: {actual} is not {types:?}");
    if let Some(fields) = value.as_object() {
        for (name, value) in fields {
            let described = &schema["properties"][name];
            assert!(!described.is_null(), "{place}.{name} is not described");
            conforms(value, described, schemas, &format!("{place}.{name}"));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(fields.contains_key(name.as_str().unwrap()), "{place}: {name} is missing");
        }
    }
    for item in value.as_array().into_iter().flatten() {
        conforms(item, &schema["items"], schemas, place);
    }
}

#[tokio::test]
async fn the_reference_page_loads_nothing_from_elsewhere() {
    let app = App::start().await;
    let page = app.anonymous().get("/docs").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let mut loaded = 0;
    for part in page.body.split(['"', '\'']).filter(|part| part.starts_with('/')) {
        assert_eq!(app.anonymous().get(part).await.status, 200, "{part}");
        loaded += 1;
    }
    assert_eq!(loaded, 3, "style, script and document");
    for asset in ["/docs", "/docs/reference.js", "/docs/reference.css"] {
        let text = app.anonymous().get(asset).await.body;
        for mark in ["http://", "https://", "//cdn", "innerHTML", "style=\"", "onclick"] {
            assert!(!text.contains(mark), "{asset} holds {mark}");
        }
    }
}
