//! Nobody reads anybody else's reports, whatever they send.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{App, Cell, Person, at};

const DAY: &str = "/api/reports/2024-01-15";

/// Alice and Bob, both with data on the same day.
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
async fn an_answer_is_never_not_modified() {
    let (app, ..) = alice_and_bob().await;
    let bobs = app.wearer("bob").get(DAY).await;
    assert_eq!(bobs.header("etag"), "");
    let conditions = [("if-none-match", "*"), ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")];
    let answered = app.wearer("alice").get_with(DAY, &conditions).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.json()["user"], "alice");
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
