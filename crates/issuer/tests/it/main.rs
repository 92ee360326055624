//! The demo issuer: its tokens pass the production path, and it starts only in a demo.

#![expect(clippy::disallowed_methods, reason = "tests may start the issuer")]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod browser;
mod exchange;
mod sign_in;
mod sign_out;

use std::os::unix::fs::PermissionsExt;

use bionicpro_auth::{Config, Verifier};
use bionicpro_issuer::accounts::{ACCOUNTS, PASSWORD};
use bionicpro_issuer::{ClientOptions, DemoMode, Issuer, IssuerOptions, client};
use bionicpro_model::{Kind, Secret};
use serde_json::Value;

/// 2024-01-15T10:00:00Z, the time of the clocks in these tests.
const NOW: i64 = 1_705_312_800;

fn options() -> IssuerOptions {
    IssuerOptions::new(([127, 0, 0, 1], 0).into())
}

async fn start() -> (Issuer, Verifier) {
    let issuer = Issuer::start(DemoMode::enter(&Config::default()).unwrap(), options()).await.unwrap();
    let config = Config { issuer: Some(issuer.url().to_owned()), ..Config::default() };
    (issuer, Verifier::new(&config).unwrap())
}

#[tokio::test]
async fn every_account_gets_a_token_that_verifies() {
    let (issuer, verifier) = start().await;
    assert!(verifier.ready().await.is_ready());
    for account in ACCOUNTS {
        let fetched = client::fetch_token(issuer.url(), account.username).await.unwrap();
        let claims = verifier.verify(&fetched).await.unwrap();
        assert_eq!((claims.username.as_str(), claims.subject.as_str()), (account.username, account.subject));
        let wears = matches!(account.username, "ivan.petrov" | "john.mueller");
        assert_eq!(claims.require_role(verifier.required_role()).is_ok(), wears, "{}", account.username);
        assert!(verifier.verify(&issuer.mint(account.username).unwrap()).await.is_ok());
    }
    assert_eq!(client::fetch_token(issuer.url(), "nobody").await.unwrap_err().kind(), Kind::Usage);
    assert_eq!(issuer.mint("nobody").unwrap_err().kind(), Kind::Usage);
    issuer.stop().await;
}

#[tokio::test]
async fn a_wrong_request_gets_no_token() {
    let (issuer, _) = start().await;
    let url = format!("{}/protocol/openid-connect/token", issuer.url());
    let good =
        format!("grant_type=password&client_id=bionicpro-auth&username=ivan.petrov&password={PASSWORD}");
    let rows = [
        (good.replace(PASSWORD, "wrong"), 401, "invalid_grant"),
        (good.replace("ivan.petrov", "ivan"), 401, "invalid_grant"),
        (format!("{good}&password={PASSWORD}"), 401, "invalid_grant"),
        (good.replace("grant_type=password", "grant_type=client_credentials"), 400, "unsupported_grant_type"),
        (good.replace("bionicpro-auth", "other"), 401, "invalid_client"),
        (String::new(), 401, "invalid_client"),
    ];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |body: String, media_type: &'static str| {
        http.post(&url).header("content-type", media_type).body(body).send()
    };
    for (body, status, error) in rows {
        let response = post(body.clone(), "application/x-www-form-urlencoded").await.unwrap();
        assert_eq!(response.status(), status, "{body}");
        assert_eq!(response.json::<Value>().await.unwrap()["error"], error, "{body}");
    }
    assert_eq!(post(good.clone(), "application/json").await.unwrap().status(), 400);
    assert_eq!(post("x".repeat(20_000), "application/x-www-form-urlencoded").await.unwrap().status(), 413);
    let answer = post(good, "application/x-www-form-urlencoded; charset=utf-8").await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn tokens_outlive_a_restart_when_the_key_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("issuer.key");
    let start = |port: u16| {
        let mut options = IssuerOptions::new(([127, 0, 0, 1], port).into());
        options.key_file = Some(key_file.clone());
        Issuer::start(DemoMode::enter(&Config::default()).unwrap(), options)
    };
    let first = start(0).await.unwrap();
    let (port, token) = (first.address().port(), first.mint("ivan.petrov").unwrap());
    first.stop().await;
    assert_eq!(std::fs::metadata(&key_file).unwrap().permissions().mode() & 0o777, 0o600);
    let second = start(port).await.unwrap();
    let config = Config { issuer: Some(second.url().to_owned()), ..Config::default() };
    assert!(Verifier::new(&config).unwrap().verify(&token).await.is_ok());

    std::fs::write(&key_file, "not a key").unwrap();
    let error = start(0).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.hint_text().unwrap().contains("remove the file"));
    let error = start(port).await.unwrap_err();
    assert!(error.hint_text().is_some());
}

#[tokio::test]
async fn outside_a_demo_on_this_machine_it_refuses_to_start() {
    let elsewhere =
        Config { issuer: Some("https://id.example.com/realms/reports-realm".into()), ..Config::default() };
    assert_eq!(DemoMode::enter(&elsewhere).unwrap_err().kind(), Kind::Config);
    let other_port =
        Config { issuer: Some("http://127.0.0.1:1/realms/reports-realm".into()), ..Config::default() };
    let error = Issuer::start(DemoMode::enter(&other_port).unwrap(), options()).await.unwrap_err();
    assert!(error.hint_text().unwrap().contains("BIONICPRO_OIDC_ISSUER"));
    for address in ["0.0.0.0:0", "[::]:0", "192.168.0.1:0"] {
        let options = IssuerOptions::new(address.parse().unwrap());
        let error = Issuer::start(DemoMode::enter(&Config::default()).unwrap(), options).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{address}");
    }
}

#[tokio::test]
async fn a_demo_that_does_not_run_is_named_as_the_cause() {
    let (issuer, _) = start().await;
    let url = issuer.url().to_owned();
    issuer.stop().await;
    let error = client::fetch_token(&url, "ivan.petrov").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.hint_text().unwrap().contains("make demo"));
    assert_eq!(
        client::fetch_token("http://example.com", "ivan.petrov").await.unwrap_err().kind(),
        Kind::Config
    );
}

#[tokio::test]
async fn the_discovery_document_says_what_the_issuer_does() {
    let (issuer, _) = start().await;
    let url = format!("{}/.well-known/openid-configuration", issuer.url());
    let document: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], issuer.url());
    for name in ["authorization", "token", "revocation", "end_session"] {
        let endpoint = document[format!("{name}_endpoint")].as_str().unwrap();
        let response = reqwest::get(endpoint).await.unwrap();
        assert_ne!(response.status(), 404, "{name}");
    }
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
}

#[tokio::test]
async fn a_client_that_would_carry_codes_off_this_machine_is_refused() {
    let client =
        || ClientOptions::new(Secret::new("0123456789abcdef"), "http://127.0.0.1:8000/auth/callback");
    let changes: [fn(&mut ClientOptions); 6] = [
        |client| client.secret = Secret::new("short"),
        |client| client.redirect_uris.clear(),
        |client| client.redirect_uris.push("https://example.com/".into()),
        |client| client.redirect_uris.push("http://127.0.0.1/#x".into()),
        |client| client.post_logout_redirect_uris.push("https://example.com/".into()),
        |client| client.back_channel_logout_url = Some("http://192.168.0.1/".parse().unwrap()),
    ];
    for (row, change) in changes.into_iter().enumerate() {
        let mut options = options();
        let client = options.client.insert(client());
        change(client);
        let error = Issuer::start(DemoMode::enter(&Config::default()).unwrap(), options).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{row}");
    }
}
