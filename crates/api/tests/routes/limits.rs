//! Limits of the rate of requests.

use std::time::Duration;

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
async fn an_address_that_tries_tokens_gets_its_refusals_late_and_a_valid_token_passes() {
    let app = App::builder().configure(|config| {
        config.listener.unauthenticated_per_minute = 5;
        // No test takes that long, so a delayed refusal does not arrive before the server stops.
        config.listener.refusal_delay_s = 60;
    });
    let app = app.start().await;
    let attempt = async |number: usize| {
        // Another address in a header every time: the header is not trusted.
        let forwarded = format!("10.0.0.{number}");
        let headers = [
            ("x-forwarded-for", forwarded.as_str()),
            ("forwarded", "for=10.0.0.9"),
            ("x-real-ip", &forwarded),
        ];
        app.with_token("a.b.c".to_owned()).get_with("/api/reports", &headers).await
    };
    let mut details = Vec::new();
    for number in 0..5 {
        let refused = attempt(number).await;
        assert_eq!(refused.checked_status(), 401);
        details.push(refused.without_id()["detail"].clone());
    }
    let late: Vec<_> = ["a.b.c", "", "x.y"]
        .map(|token| app.with_token(token.to_owned()))
        .map(|client| tokio::spawn(async move { client.get("/api/reports").await }))
        .into();
    for _ in 0..10 {
        assert_eq!(app.wearer("alice").get("/api/reports").await.status, 200);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(late.iter().all(|answer| !answer.is_finished()), "late");
    app.stop().await;
    for answer in late {
        let refused = answer.await.unwrap();
        assert_eq!(refused.checked_status(), 401, "the same answer, and at once when the server stops");
        details.push(refused.without_id()["detail"].clone());
    }
    details.dedup();
    assert_eq!(details.len(), 1, "{details:?}");
}
