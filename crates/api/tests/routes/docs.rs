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
    for (path, methods) in paths {
        let secured = methods["get"].get("security").is_some();
        let answered = app.anonymous().get(&path.replace("{date}", "2024-01-15")).await;
        assert_eq!(answered.status, if secured { 401 } else { 200 }, "{path}");
        assert_eq!(secured, path.starts_with("/api/"), "{path}");
    }
    let listed = bionicpro_api::endpoints();
    assert!(listed.contains(&(http::Method::GET, "/api/reports/{date}".to_owned())));
    let described = paths.iter().filter(|(path, _)| path.starts_with("/api/"));
    let described: usize = described.map(|(_, methods)| methods.as_object().unwrap().len()).sum();
    assert_eq!(listed.len(), described, "a proxy lets through what the document describes");
}

#[tokio::test]
async fn the_fields_of_an_answer_are_those_of_the_document() {
    let app = App::start().await;
    let ivan = crate::support::Person::new("ivan.petrov", 1);
    let hours = (0..20).map(|day| crate::support::at("2024-01-15T08:00:00Z") - chrono::TimeDelta::days(day));
    app.seed(&[&ivan], &hours.map(|hour| ivan.cell(1, hour)).collect::<Vec<_>>()).await;
    app.loaded_up_to(crate::support::at("2024-01-15T08:20:00Z")).await;
    let document = app.anonymous().get("/openapi.json").await.json();
    let schemas = &document["components"]["schemas"];
    let (wearer, administrator) = (app.wearer("ivan.petrov"), app.administrator("alexey"));
    let (weeks, month) = (
        "a_from=2024-01-01&a_to=2024-01-08&b_from=2024-01-08&b_to=2024-01-15",
        "from=2024-01-01&to=2024-02-01",
    );
    for (client, path, schema) in [
        (&wearer, "/api/reports".to_owned(), "ReportList"),
        (&wearer, "/api/reports/summary".to_owned(), "SummaryReport"),
        (&wearer, "/api/reports/2024-01-15".to_owned(), "DayReport"),
        (&wearer, format!("/api/reports/days?{month}"), "DaysReport"),
        (&wearer, format!("/api/reports/typical?{month}"), "TypicalDay"),
        (&wearer, format!("/api/reports/compare?{weeks}"), "Comparison"),
        (&wearer, "/api/reports/usual?date=2024-01-15".to_owned(), "UsualReport"),
        (&wearer, "/api/calendar/2024-01-15".to_owned(), "CalendarDay"),
        (&wearer, "/api/prostheses".to_owned(), "ProsthesisList"),
        (&wearer, "/api/freshness".to_owned(), "Freshness"),
        (&wearer, "/api/periods".to_owned(), "Periods"),
        (&administrator, "/api/staff/pipeline".to_owned(), "Pipeline"),
        (&wearer, "/health/ready".to_owned(), "Readiness"),
        (&wearer, "/api/reports/2024-01-16".to_owned(), "Problem"),
    ] {
        conforms(&client.get(&path).await.json(), &schemas[schema], schemas, &path);
    }
}

/// A day's report is read on a phone, so even the busiest one must be small.
#[tokio::test]
async fn a_day_of_25_full_hours_is_less_than_12_kilobytes() {
    let app = App::start().await;
    let ivan = crate::support::Person::new("ivan.petrov", 2);
    let first = crate::support::at("2024-09-25T00:00:00Z");
    let cells: Vec<_> = (0..24 * 35)
        .flat_map(|hour| [1, 2].map(|number| ivan.cell(number, first + chrono::TimeDelta::hours(hour))))
        .collect();
    app.seed(&[&ivan], &cells).await;
    app.loaded_up_to(crate::support::at("2024-11-15T08:20:00Z")).await;
    let answered = app.wearer("ivan.petrov").get("/api/reports/2024-10-27?tz=Europe/Berlin").await;
    assert_eq!(answered.json()["hourly_data"].as_array().unwrap().len(), 25);
    assert!(answered.body.len() < 12_000, "{} bytes", answered.body.len());
}

/// Checks recursively that each field is described, each required one is present, types match, and enumerated
/// values are in their list.
pub(crate) fn conforms(
    value: &serde_json::Value,
    schema: &serde_json::Value,
    schemas: &serde_json::Value,
    place: &str,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        return conforms(value, &schemas[reference.rsplit('/').next().unwrap()], schemas, place);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let is_null = |schema: &&serde_json::Value| schema["type"] == "null";
        let (nulls, others): (Vec<_>, Vec<_>) = choices.iter().partition(is_null);
        if let Some(words) = others.iter().map(|one| one["enum"].as_array()).collect::<Option<Vec<_>>>() {
            assert!(words.iter().any(|words| words.contains(value)), "{place}: {value} is none of {words:?}");
            return;
        }
        assert_eq!(others.len(), 1, "{place}: {schema}");
        assert!(!value.is_null() || !nulls.is_empty(), "{place} is null");
        if !value.is_null() {
            conforms(value, others[0], schemas, place);
        }
        return;
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
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is none of {words:?}");
    }
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
