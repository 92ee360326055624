//! How often somebody may ask.

use insta::assert_snapshot;

use crate::support::App;

#[tokio::test]
async fn a_person_who_asks_too_often_waits_and_others_do_not() {
    let app = App::builder().configure(|config| config.requests_per_minute = 5).start().await;
    let alice = app.wearer("alice");
    for _ in 0..5 {
        assert_eq!(alice.get("/api/reports").await.checked_status(), 200);
    }
    let refused = alice.get("/api/reports/2024-01-15").await;
    assert_eq!(refused.checked_status(), 429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    assert_snapshot!(refused.without_id()["detail"].as_str().unwrap(), @"Too many requests in a short time; wait as long as the header Retry-After says");
    assert_eq!(app.wearer("bob").get("/api/reports").await.status, 200);
    assert_eq!(app.anonymous().get("/health").await.status, 200);
}

#[tokio::test]
async fn another_token_of_the_same_person_does_not_help() {
    let app = App::builder().configure(|config| config.requests_per_minute = 3).start().await;
    let mut statuses = Vec::new();
    for number in 0..5 {
        let token = app.issuer.builder().user("alice").claim("jti", format!("token-{number}"));
        let client = app.with_token(token.sign(bionicpro_auth::testing::TestKey::trusted()));
        statuses.push(client.get("/api/reports").await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn an_address_that_tries_tokens_is_slowed_down_and_a_valid_token_passes() {
    let app = App::builder().configure(|config| config.unauthenticated_per_minute = 5).start().await;
    let mut statuses = Vec::new();
    for number in 0..8 {
        // Another address in a header every time: the header is not believed.
        let forwarded = format!("10.0.0.{number}");
        let headers = [
            ("x-forwarded-for", forwarded.as_str()),
            ("forwarded", "for=10.0.0.9"),
            ("x-real-ip", &forwarded),
        ];
        statuses.push(
            app.with_token("a.b.c".to_owned()).get_with("/api/reports", &headers).await.checked_status(),
        );
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    assert_eq!(app.wearer("alice").get("/api/reports").await.status, 200);
}
