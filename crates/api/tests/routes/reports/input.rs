//! Invalid requests are refused with the reason, and never with a 5xx.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::support::{App, Client};

async fn statuses(client: &Client, targets: &[&str]) -> Vec<(String, u16)> {
    let mut statuses = Vec::new();
    for target in targets {
        statuses.push(((*target).to_owned(), client.get_raw(target).await.checked_status()));
    }
    statuses
}

async fn all_answer(status: u16, targets: &[&str]) {
    let app = App::start().await;
    for (target, answered) in statuses(&app.wearer("ivan.petrov"), targets).await {
        assert_eq!(answered, status, "{target}");
    }
}

#[tokio::test]
async fn days_of_the_calendar_are_looked_up() {
    all_answer(404, &["/api/reports/2024-02-29", "/api/reports/2000-02-29", "/api/reports/1970-01-01"]).await;
}

#[tokio::test]
async fn days_that_are_none_are_refused() {
    all_answer(
        400,
        &[
            "/api/reports/2023-02-29",
            "/api/reports/2024-02-30",
            "/api/reports/1900-02-29",
            "/api/reports/2100-02-29",
            "/api/reports/2024-00-10",
            "/api/reports/2024-13-01",
            "/api/reports/2024-01-00",
            "/api/reports/2024-01-32",
            "/api/reports/2024-06-30T23:59:60Z",
            "/api/reports/1969-12-31",
            "/api/reports/2149-06-07",
            "/api/reports/9999-12-31",
            "/api/reports/0000-00-00",
            "/api/reports/2024-1-15",
            "/api/reports/null",
            "/api/reports/today",
            "/api/reports/-024-01-15",
            "/api/reports/2024-01-15x",
        ],
    )
    .await;
}

#[tokio::test]
async fn paths_that_try_to_leave_are_refused() {
    all_answer(
        400,
        &[
            "/api/reports/%2e%2e%2f",
            "/api/reports/..%5c",
            "/api/reports/....//",
            "/api/reports/%252e%252e",
            "/api/reports/%c0%ae",
            "/api/reports//etc/passwd",
            "/api/reports/C:%5C",
            "/api/reports/C:",
            "/api/reports/2024-01-01/../../bob/2024-01-01",
            "/api/reports/2024-01-01%2f..%2f",
            "/api/reports/",
            "/api/reports/%ff",
            "/api/reports/2024-01-15%0d%0aX-ClickHouse-User:%20default",
            "/api/reports/..",
            "/api/reports/2024-01-15;x=1",
            "/api/reports/2024-01-15/",
        ],
    )
    .await;
}

#[tokio::test]
async fn parameters_that_are_unknown_repeated_or_broken_are_refused() {
    let long = format!("/api/reports?before={}", "2".repeat(1900));
    all_answer(
        400,
        &[
            "/api/reports?user_id=bob",
            "/api/reports?username=bob",
            "/api/reports?sub=x",
            "/api/reports?user=bob",
            "/api/reports?query=SELECT%201",
            "/api/reports?param_user=bob",
            "/api/reports?date=2024-01-15",
            "/api/reports/2024-01-15?date=2024-01-15",
            "/api/reports/2024-01-15?user_id=bob",
            "/api/reports?limit=5&limit=5",
            "/api/reports?tz=UTC&t%7a=UTC",
            "/api/reports?limit[]=5",
            "/api/reports?limit=",
            "/api/reports?limit",
            "/api/reports?before=",
            "/api/reports?before=null",
            "/api/reports?before=%ff",
            "/api/reports?tz=%ff",
            "/api/reports?tz=%",
            "/api/reports?&",
            "/api/reports?limit=0",
            "/api/reports?limit=-1",
            "/api/reports?limit=1000000000",
            "/api/reports?limit=9223372036854775808",
            "/api/reports?limit=1e3",
            "/api/reports?limit=367",
            "/api/reports?limit=%D9%A5",
            "/api/reports?before=2024-02-30",
            "/api/reports?before=9999-12-31",
            "/api/reports?prosthesis_id=1",
            "/api/reports?prosthesis_id=",
            "/api/reports?prosthesis_id=%27",
            "/api/reports?prosthesis_id=6f1e2a30000040008000000000000001",
            "/api/reports?prosthesis_id=urn:uuid:6f1e2a30-0000-4000-8000-000000000001",
            "/api/reports/summary?from=2024-01-16&to=2024-01-15",
            "/api/reports/summary?from=2023-01-01&to=2024-01-03",
            "/api/reports/summary?from=1970-01-01",
            "/api/reports/summary?from=1970-01-01&to=2024-01-01",
            "/api/reports/summary?limit=5",
            &long,
        ],
    )
    .await;
}

/// D12, D14, D15 and D23 for endpoints that read a range: the same rule applies to all of them.
#[tokio::test]
async fn d12_d14_d15_d23_ranges_that_are_none_are_refused_everywhere() {
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    for path in ["/api/reports/days", "/api/reports/typical", "/api/reports/export", "/api/reports/summary"] {
        for query in [
            "from=2024-01-16&to=2024-01-15",
            "from=2023-01-01&to=2024-01-03",
            "from=1970-01-01&to=2149-06-06",
            "from=1969-12-31&to=1970-01-02",
            "from=2024-01-01&to=9999-12-31",
            "from=2024-01-01&from=2024-01-02",
            "from=2024-01-01&fr%6fm=2024-01-02",
            "from[]=2024-01-01",
            "from=&to=2024-01-15",
            "from=null",
            "from=%ff",
            "to=2024-02-30",
            "from=2024-01-01T00:00:00Z",
            "from=2024-01-01&to=2024-01-15&limit=5",
            "from=2024-01-01&to=2024-01-15&user_id=bob",
            "from=2024-01-01&to=2024-01-15&tz=Asia/Kolkata",
            "from=2024-01-01&to=2024-01-15&tz=+03:00",
            "from=2024-01-01&to=2024-01-15&prosthesis_id=x",
        ] {
            let answered = client.get_raw(&format!("{path}?{query}")).await;
            assert_eq!(answered.checked_status(), 400, "{path}?{query}");
        }
        for query in ["from=2024-01-15&to=2024-01-15", "from=2024-01-01&to=2025-01-01"] {
            let answered = client.get_raw(&format!("{path}?{query}")).await;
            assert_eq!(answered.checked_status(), 200, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn d12_d14_days_and_pairs_of_ranges_that_are_none_are_refused() {
    let ranges = "a_from=2024-01-01&a_to=2024-01-08&b_from=2024-01-08";
    let paths = [
        "/api/reports/compare".to_owned(),
        format!("/api/reports/compare?{ranges}"),
        format!("/api/reports/compare?{ranges}&b_to=2024-01-07"),
        format!("/api/reports/compare?{ranges}&b_to=2025-01-09"),
        format!("/api/reports/compare?{ranges}&b_to=2024-01-15&from=2024-01-01"),
        "/api/reports/usual?date=2024-02-30".to_owned(),
        "/api/reports/usual?date=2024-01-15&date=2024-01-16".to_owned(),
        "/api/reports/usual?from=2024-01-15".to_owned(),
        "/api/calendar/2023-02-29".to_owned(),
        "/api/calendar/2149-06-07".to_owned(),
        "/api/calendar/2024-01-15?tz=Asia/Kolkata".to_owned(),
        "/api/calendar/2024-01-15?date=2024-01-15".to_owned(),
        "/api/calendar/%2e%2e".to_owned(),
        "/api/freshness?tz=MSK".to_owned(),
        "/api/freshness?date=2024-01-15".to_owned(),
        "/api/prostheses?user_id=bob".to_owned(),
        "/api/prostheses?prosthesis_id=6f1e2a30-0000-4000-8000-000000000001".to_owned(),
    ];
    all_answer(400, &paths.each_ref().map(String::as_str)).await;
}

#[tokio::test]
async fn a_refusal_names_the_parameter_and_never_repeats_the_value() {
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    for (target, parameter) in [
        ("/api/reports?limit=secret-value", "limit"),
        ("/api/reports?before=secret-value", "before"),
        ("/api/reports?tz=Area/secret-value", "tz"),
        ("/api/reports?prosthesis_id=secret-value", "prosthesis_id"),
        ("/api/reports/summary?from=secret-value", "from"),
        ("/api/reports/secret-value", "date"),
        ("/api/reports/days?to=secret-value", "to"),
        ("/api/reports/usual?date=secret-value", "date"),
        ("/api/reports/compare?a_from=secret-value", "a_from"),
        ("/api/calendar/secret-value", "date"),
    ] {
        let answered = client.get(target).await;
        assert_eq!(answered.checked_status(), 400, "{target}");
        assert_eq!(answered.json()["parameter"], parameter, "{target}");
        assert!(!answered.body.contains("secret"), "{}", answered.body);
    }
}

#[tokio::test]
async fn a_body_is_refused_whatever_the_method() {
    let app = App::start().await;
    let client = app.wearer("alice");
    for method in [reqwest::Method::GET, reqwest::Method::POST] {
        let answered = client.send(method, "/api/reports", &[], Some(r#"{"user_id":"bob"}"#)).await;
        assert_eq!(answered.checked_status(), 400);
    }
    let large = "x".repeat(100_000);
    let answered = client.send(reqwest::Method::GET, "/api/reports", &[], Some(&large)).await;
    assert_eq!(answered.checked_status(), 413);
}

/// Random combinations of names and values from a small set: each is answered, and none is a server error.
#[tokio::test]
async fn no_combination_of_parameters_is_a_server_error() {
    const CASES: usize = 500;
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let paths = ["", "/summary", "/2024-01-15", "/1970-01-01", "/2024-02-30", "/x"];
    let names = ["limit", "before", "from", "to", "tz", "prosthesis_id", "date", "user", "%74z", ""];
    let values = [
        "",
        "1",
        "366",
        "0",
        "-1",
        "1e9",
        "1970-01-01",
        "2024-01-15",
        "2024-01-16",
        "2025-01-15",
        "2024-02-30",
        "UTC",
        "Europe/Moscow",
        "Asia/Kolkata",
        "America/St_Johns",
        "Pacific/Apia",
        "Africa/Monrovia",
        "Antarctica/Troll",
        "Etc/GMT+3",
        "%2B03:00",
        "6f1e2a30-0000-4000-8000-000000000001",
        "00000000-0000-0000-0000-000000000000",
        "%00",
        "%ff",
        "%F0%9F%A6%BE",
        "'%20OR%201=1--",
        "{user_id:UUID}",
        "%0d%0a",
        "a%26b",
    ];
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    for _ in 0..CASES {
        let count = random.random_range(0..4);
        let pairs = (0..count).map(|_| {
            format!("{}={}", names.choose(&mut random).unwrap(), values.choose(&mut random).unwrap())
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        let target = format!("/api/reports{}?{query}", paths.choose(&mut random).unwrap());
        let status = client.get(&target).await.checked_status();
        assert!([200, 400, 404].contains(&status), "{status} for {target}");
    }
}
