//! `/api/preferences`.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Answered, App, Client};

const PATH: &str = "/api/preferences";
const MOSCOW: &str =
    r#"{"timezone":"Europe/Moscow","language":"ru","theme":"dark","text_size":"large","hand":"left"}"#;

async fn put(client: &Client, body: &str) -> Answered {
    client.send(Method::PUT, PATH, &[], Some(body)).await
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn what_is_put_is_kept_under_the_account_and_is_nobody_elses() {
    let app = App::start().await;
    let ivan = app.wearer("ivan.petrov");
    let before = ivan.get(PATH).await;
    assert_eq!(before.checked_status(), 200);
    assert_snapshot!(before.json().to_string(), @r#"{"hand":null,"language":null,"text_size":"normal","theme":"system","timezone":null}"#);
    let answered = put(&ivan, MOSCOW).await;
    assert_eq!((answered.checked_status(), answered.json()), (200, value(MOSCOW)));
    assert_eq!(ivan.get(PATH).await.json(), value(MOSCOW));
    assert_eq!(app.wearer("olga").get(PATH).await.json(), before.json());

    // Another account of that name has its own preferences; the same account under another name keeps its
    // preferences.
    let token = |name: &str, subject: &str| {
        let token = app.issuer.builder().user(name).claim("sub", subject);
        app.with_token(token.sign(bionicpro_auth::testing::TestKey::trusted()))
    };
    let other = token("ivan.petrov", "another-account");
    assert_eq!(other.get(PATH).await.json(), before.json());
    assert_eq!(token("ivan.sidorov", "sub-of-ivan.petrov").get(PATH).await.json(), value(MOSCOW));
}

#[tokio::test]
async fn anybody_with_an_account_has_preferences_and_nobody_without() {
    let app = App::start().await;
    for client in [app.not_a_wearer("maria"), app.administrator("alexey")] {
        assert_eq!(put(&client, MOSCOW).await.checked_status(), 200);
        assert_eq!(client.get(PATH).await.json(), value(MOSCOW));
    }
    assert_eq!(put(&app.anonymous(), MOSCOW).await.checked_status(), 401);
    assert_eq!(app.anonymous().get(PATH).await.checked_status(), 401);
    for method in [Method::POST, Method::DELETE, Method::PATCH] {
        let answered = app.wearer("ivan.petrov").send(method, PATH, &[], None).await;
        assert_eq!((answered.checked_status(), answered.header("allow")), (405, "GET,HEAD,PUT"));
    }
}

/// I15: a member that no client may set is refused, and nothing of the body is stored.
#[tokio::test]
async fn i15_members_that_are_none_of_the_five_are_refused() {
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    for member in
        ["\"role\":\"administrator\"", "\"is_admin\":true", "\"user_id\":\"bob\"", "\"sub\":\"x\"", "\"\":1"]
    {
        let refused = put(&client, &MOSCOW.replace("{", &format!("{{{member},"))).await;
        assert_eq!(refused.checked_status(), 400, "{member}");
        assert!(!refused.body.contains("admin"), "{}", refused.body);
    }
    assert!(client.get(PATH).await.json()["timezone"].is_null(), "nothing was kept");
}

/// H16: another media type is 415; a body that is no JSON, too deep, or with a repeated member is 400,
/// without the parser's message.
#[tokio::test]
async fn h16_bodies_that_are_no_preferences_are_refused() {
    let app = App::start().await;
    let client = app.wearer("ivan.petrov");
    let deep = "[".repeat(200);
    for bad in ["{", "null", "\u{0}", "<script>", &deep, &MOSCOW.replace("{", "{\"theme\":\"light\","), ""] {
        let refused = put(&client, bad).await;
        assert_eq!(refused.checked_status(), 400, "{bad}");
        for word in ["column", "expected", "recursion", "duplicate", "script"] {
            assert!(!refused.body.contains(word), "{}", refused.body);
        }
    }
    let zone = put(&client, &MOSCOW.replace("Europe/Moscow", "Etc/GMT+3")).await;
    assert_eq!((zone.checked_status(), &zone.json()["parameter"]), (400, &"timezone".into()));
    assert_eq!(put(&client, &format!("{MOSCOW}{}", " ".repeat(4000))).await.checked_status(), 413);
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=koi8-r"]
    {
        let headers = [("content-type", media_type)];
        let refused = client.send_as(Method::PUT, PATH, &headers, MOSCOW).await;
        assert_eq!(refused.checked_status(), 415, "{media_type}");
    }
    assert_eq!(
        client.send(Method::PUT, &format!("{PATH}?user=bob"), &[], Some(MOSCOW)).await.checked_status(),
        400
    );
}
