//! No client reads another person's reports, whatever it sends.

use bionicpro_auth::UsernameBindings;
use bionicpro_auth::testing::TestKey;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{App, Cell, Person, at};

const DAY: &str = "/api/reports/2024-01-15";

/// Starts an app with Alice and Bob, who both have data on the same day.
async fn alice_and_bob() -> (App, Person, Person) {
    let app = App::start().await;
    let (alice, bob) = (Person::new("alice", 1), Person::new("bob", 1));
    let hour = at("2024-01-15T08:00:00Z");
    let cells = [
        Cell { movements: 111, ..alice.cell(1, hour) },
        Cell { movements: 777, ..bob.cell(1, hour) },
        bob.cell(1, at("2024-01-16T08:00:00Z")),
    ];
    app.seed(&[&alice, &bob], &cells).await;
    (app, alice, bob)
}

#[tokio::test]
async fn each_person_sees_their_own_rows_only() {
    let (app, alice, bob) = alice_and_bob().await;
    for (person, movements) in [(&alice, 111), (&bob, 777)] {
        let body = app.wearer(&person.name).get(DAY).await.json();
        assert_eq!(body["user"], person.name);
        assert_eq!(body["chip_id"], person.chip(1));
        assert_eq!(body["summary"]["total_movements"], movements);
    }
    let list = app.wearer("alice").get("/api/reports").await.json();
    assert_eq!(list["total"], 1);
    let summary = app.wearer("alice").get("/api/reports/summary?from=2024-01-01&to=2024-02-01").await.json();
    assert_eq!(summary["summary"]["total_movements"], 111);
    assert_eq!(summary["summary"]["lowest_battery_level"], 79.0);
}

/// Every address that answers with a person's data, for a day or a range for which both people have some.
pub(crate) const EVERYWHERE: [&str; 10] = [
    "/api/reports",
    DAY,
    "/api/reports/summary?from=2024-01-01&to=2024-02-01",
    "/api/reports/days?from=2024-01-01&to=2024-02-01",
    "/api/reports/typical?from=2024-01-01&to=2024-02-01",
    "/api/reports/usual?date=2024-01-20",
    "/api/reports/compare?a_from=2024-01-15&a_to=2024-01-16&b_from=2024-01-15&b_to=2024-01-16",
    "/api/reports/export?from=2024-01-01&to=2024-02-01",
    "/api/calendar/2024-01-14",
    "/api/prostheses",
];

/// I01, I03, I04, I11 and I13: whatever else Alice sends, she gets the same answer as without it, and nothing
/// of Bob's.
#[tokio::test]
async fn i01_i03_i04_i11_i13_every_address_shows_the_callers_own_whatever_is_sent() {
    let (app, _, bob) = alice_and_bob().await;
    let (client, other) = (app.wearer("alice"), app.wearer("bob"));
    let claims = [
        ("x-user-id", "bob"),
        ("x-forwarded-user", "bob"),
        ("x_forwarded_user", "bob"),
        ("x-auth-request-user", "bob"),
    ];
    for path in EVERYWHERE {
        let plain = client.get(path).await;
        assert_eq!(plain.checked_status(), 200, "{path}");
        for mark in ["bob", "777", &bob.prostheses[0].to_string()] {
            assert!(!plain.body.contains(mark), "{path}: {mark} in {}", plain.body);
        }
        assert_ne!(plain.body, other.get(path).await.body, "{path} is another answer for Bob");
        assert_eq!(client.get_with(path, &claims).await.body, plain.body, "{path}");
        let bobs = other.get(path).await.header("etag").to_owned();
        let conditions = [("if-none-match", &*bobs), ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")];
        assert_eq!(client.get_with(path, &conditions).await.body, plain.body, "{path}");
        let body = Some(r#"{"user_id":"bob"}"#);
        assert_eq!(client.send(reqwest::Method::GET, path, &[], body).await.checked_status(), 400, "{path}");
        assert_eq!(client.send(reqwest::Method::POST, path, &[], body).await.checked_status(), 400, "{path}");
    }
}

/// I02: a parameter that names a person is unknown everywhere.
#[tokio::test]
async fn i02_parameters_that_name_another_person_are_unknown() {
    let (app, ..) = alice_and_bob().await;
    let client = app.wearer("alice");
    for path in EVERYWHERE {
        for name in ["user_id", "username", "user", "sub", "ldap_username"] {
            let joint = if path.contains('?') { '&' } else { '?' };
            assert_eq!(
                client.get(&format!("{path}{joint}{name}=bob")).await.checked_status(),
                400,
                "{path} {name}"
            );
        }
    }
}

/// I05, I12 and I14: missing data and another person's data get the same answer.
#[tokio::test]
async fn i05_i12_i14_missing_and_foreign_look_alike_everywhere() {
    let (app, _, bob) = alice_and_bob().await;
    let client = app.wearer("alice");
    for path in EVERYWHERE.into_iter().filter(|path| *path != "/api/prostheses") {
        let joint = if path.contains('?') { '&' } else { '?' };
        let theirs = client.get(&format!("{path}{joint}prosthesis_id={}", bob.prostheses[0])).await;
        let nobodys =
            client.get(&format!("{path}{joint}prosthesis_id=6f1e2a30-0000-4000-8000-000000000001")).await;
        assert_eq!(theirs.checked_status(), 404, "{path}");
        assert_eq!(theirs.without_id(), nobodys.without_id(), "{path}");
    }
    let paths = [
        "/api/reports/bob/2024-01-15",
        "/api/calendar/bob/2024-01-15",
        "/api/prostheses/bob",
        "/api/preferences/bob",
    ];
    for path in paths {
        let missing = client.get(&path.replace("bob", "nobody")).await;
        assert_eq!(client.get(path).await.without_id(), missing.without_id(), "{path}");
        assert_eq!(missing.checked_status(), 404, "{path}");
    }
}

#[tokio::test]
async fn headers_that_name_another_person_change_nothing() {
    let (app, ..) = alice_and_bob().await;
    let client = app.wearer("alice");
    for name in ["x-user-id", "x-forwarded-user", "x_forwarded_user", "x-auth-request-user", "x-remote-user"]
    {
        let body = client.get_with(DAY, &[(name, "bob")]).await.json();
        assert_eq!(body["summary"]["total_movements"], 111, "{name}");
    }
    let overridden =
        client.get_with(DAY, &[("x-http-method-override", "DELETE"), ("x-original-url", "/")]).await;
    assert_eq!(overridden.json()["summary"]["total_movements"], 111);
}

#[tokio::test]
async fn another_persons_prosthesis_looks_like_one_that_does_not_exist() {
    let (app, alice, bob) = alice_and_bob().await;
    let client = app.wearer("alice");
    let nobodys = "6f1e2a30-0000-4000-8000-000000000001".to_owned();
    for path in ["/api/reports", DAY, "/api/reports/2024-01-16", "/api/reports/summary"] {
        let theirs = client.get(&format!("{path}?prosthesis_id={}", bob.prostheses[0])).await;
        let missing = client.get(&format!("{path}?prosthesis_id={nobodys}")).await;
        assert_eq!(theirs.checked_status(), 404, "{path}");
        assert_eq!(theirs.without_id(), missing.without_id(), "{path}");
        assert_eq!(theirs.without_id()["detail"], "Prosthesis not found");
    }
    let own = client.get(&format!("{DAY}?prosthesis_id={}", alice.prostheses[0])).await;
    assert_eq!(own.status, 200);
    let own_empty =
        client.get(&format!("/api/reports/2024-01-17?prosthesis_id={}", alice.prostheses[0])).await;
    assert_eq!(own_empty.json()["detail"], "Report not found for date 2024-01-17");
}

#[tokio::test]
async fn a_former_owner_keeps_the_hours_of_their_time() {
    let app = App::start().await;
    let (mut alice, bob) = (Person::new("alice", 1), Person::new("bob", 0));
    let cell = alice.cell(1, at("2024-01-15T08:00:00Z"));
    let prosthesis = alice.prostheses[0];
    alice.prostheses.clear();
    app.seed(&[&alice, &bob], &[cell]).await;

    let path = format!("{DAY}?prosthesis_id={prosthesis}");
    assert_eq!(app.wearer("alice").get(&path).await.json()["summary"]["total_movements"], 100);
    assert_eq!(app.wearer("bob").get(&path).await.checked_status(), 404);
}

#[tokio::test]
async fn paths_that_name_another_person_do_not_exist() {
    let (app, ..) = alice_and_bob().await;
    let client = app.wearer("alice");
    let bob = client.get("/api/reports/bob/2024-01-15").await;
    assert_eq!(bob.checked_status(), 404);
    assert_eq!(bob.without_id(), client.get("/api/reports/nobody/2024-01-15").await.without_id());
    assert_eq!(bob.without_id(), app.anonymous().get("/api/users/bob").await.without_id());
}

#[tokio::test]
async fn a_part_of_an_answer_cannot_be_asked_for() {
    let (app, ..) = alice_and_bob().await;
    let answered = app.wearer("alice").get(DAY).await;
    let ranged = app.wearer("alice").get_with(DAY, &[("range", "bytes=0-10")]).await;
    assert_eq!(ranged.status, 200);
    assert_eq!(ranged.body, answered.body);
}

#[tokio::test]
async fn the_role_is_required_and_an_administrator_reads_nobodys_report() {
    let (app, ..) = alice_and_bob().await;
    for client in [app.not_a_wearer("alice"), app.administrator("alice")] {
        for path in ["/api/reports", DAY, "/api/reports/summary"] {
            let answered = client.get(path).await;
            assert_eq!(answered.checked_status(), 403, "{path}");
        }
    }
    let answered = app.not_a_wearer("alice").get(DAY).await;
    insta::assert_snapshot!(answered.shown(), @r#"
    403
    www-authenticate: Bearer error="insufficient_scope"
    {
      "detail": "This account may not read reports",
      "request_id": "[request id]",
      "status": 403,
      "title": "Not allowed",
      "type": "urn:bionicpro:problem:insufficient-scope"
    }
    "#);
}

#[tokio::test]
async fn without_a_valid_token_every_report_gives_the_same_401() {
    let (app, ..) = alice_and_bob().await;
    insta::assert_snapshot!(app.anonymous().get(DAY).await.shown(), @r#"
    401
    www-authenticate: Bearer
    {
      "detail": "A valid access token is required",
      "request_id": "[request id]",
      "status": 401,
      "title": "Sign in again",
      "type": "urn:bionicpro:problem:invalid-token"
    }
    "#);
    let garbage = app.with_token("a.b.c".to_owned());
    insta::assert_snapshot!(garbage.get("/api/reports?user_id=bob").await.shown(), @r#"
    401
    www-authenticate: Bearer error="invalid_token"
    {
      "detail": "A valid access token is required",
      "request_id": "[request id]",
      "status": 401,
      "title": "Sign in again",
      "type": "urn:bionicpro:problem:invalid-token"
    }
    "#);
    let token = app.issuer.token("alice");
    let in_query = app.anonymous().get(&format!("/api/reports?access_token={token}")).await;
    assert_eq!(in_query.checked_status(), 401);
    let in_cookie = app.anonymous().get_with(DAY, &[("cookie", &format!("access_token={token}"))]).await;
    assert_eq!(in_cookie.checked_status(), 401);
    let twice = format!("Bearer {token}");
    let twice = app.wearer("alice").get_with(DAY, &[("authorization", &twice)]).await;
    assert_eq!(twice.checked_status(), 400);
}

#[tokio::test]
async fn two_people_on_one_connection_are_not_mixed_up() {
    const ROUNDS: usize = 100;
    let (app, ..) = alice_and_bob().await;
    let tokens = ["alice", "bob"].map(|name| (name, app.issuer.token(name)));
    let mut connection = BufReader::new(TcpStream::connect(app.address).await.unwrap());
    for round in 0..ROUNDS {
        // Both requests are on the wire before the first answer is read.
        for (_, token) in &tokens {
            let request =
                format!("GET {DAY} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
            connection.get_mut().write_all(request.as_bytes()).await.unwrap();
        }
        for (name, _) in &tokens {
            let body = read_body(&mut connection).await;
            assert_eq!(body["user"], *name, "round {round}");
            assert_eq!(body["chip_id"], format!("CHIP-{name}-1"));
        }
    }
}

async fn read_body(connection: &mut BufReader<TcpStream>) -> serde_json::Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await.unwrap();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn a_name_that_came_with_another_account_before_is_refused_until_it_is_released() {
    let (app, ..) = alice_and_bob().await;
    assert_eq!(app.wearer("alice").get(DAY).await.status, 200);
    let token = app.issuer.builder().user("alice").claim("sub", "a-new-account").sign(TestKey::trusted());
    let new = app.with_token(token);
    let refused = new.get(DAY).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["detail"], "This account may not read reports");
    assert_eq!(app.wearer("alice").get(DAY).await.status, 200);

    UsernameBindings::new(app.store.clone()).release("alice").await.unwrap().unwrap();
    assert_eq!(app.wearer("alice").get(DAY).await.status, 403, "the former account's token still lives");
    let body = new.get(DAY).await.json();
    assert_eq!(body["summary"]["total_movements"], 111);
}

/// An account that may not read reports must not take the login name from the account that may.
#[tokio::test]
async fn an_account_without_the_role_takes_no_name() {
    let (app, ..) = alice_and_bob().await;
    let without = |roles: &[&str]| {
        let token = app.issuer.builder().user("alice").claim("sub", "another-account").roles(roles);
        app.with_token(token.sign(TestKey::trusted()))
    };
    for roles in [["user"].as_slice(), &["user", "administrator"]] {
        for path in [DAY, "/api/preferences", "/api/freshness", "/api/periods", "/api/staff/pipeline"] {
            without(roles).get(path).await;
        }
    }
    let body = app.wearer("alice").get(DAY).await.json();
    assert_eq!(body["summary"]["total_movements"], 111, "{body}");
}
