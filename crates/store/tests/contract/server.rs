//! A store that is down, refuses the password or has a wrong address fails with a clear error, and is used
//! again once it is back.

use std::time::{Duration, Instant};

use bionicpro_model::Kind;
use bionicpro_store::testing::RedisServer;
use bionicpro_store::{Config, Expiry, Key, Store};

use crate::config;

#[tokio::test]
async fn an_address_that_is_no_store_is_refused_with_what_to_do() {
    for url in ["postgresql://host/db", "memory:", "file://elsewhere/store"] {
        let error = Store::open(&config(url)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{url}");
        assert!(error.report().contains("store.url"), "{}", error.report());
    }
    assert_eq!(Store::open(&Config::default()).await.unwrap_err().kind(), Kind::Config);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let url = url::Url::from_directory_path(folder.path().join("file/store")).unwrap();
    let error = Store::open(&config(url.as_str())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(error.report().contains("file/store"), "{}", error.report());
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable_and_soon() {
    let start = Instant::now();
    let store = Store::open(&config("redis://:hunter2@127.0.0.1:1/0")).await.unwrap();
    for _ in 0..3 {
        let error = store.get(&Key::new("test", "a")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unreachable);
        assert!(!error.report().contains("hunter2"), "{}", error.report());
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_used_again() {
    let Some(mut server) = RedisServer::start() else { return };
    let key = Key::new("test", "a");
    let store = Store::open(&Config { url: Some(server.url()), ..Config::default() }).await.unwrap();
    store.put(&key, b"value", Expiry::Never).await.unwrap();
    server.stop();
    let error = store.put(&key, b"value", Expiry::Never).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);

    server.start_again();
    let start = Instant::now();
    while store.put(&key, b"value", Expiry::Never).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "the store did not recover");
    }
    assert_eq!(store.get(&key).await.unwrap().unwrap(), b"value");
}

#[tokio::test]
async fn a_server_that_would_evict_records_is_known() {
    let Some(server) = RedisServer::start() else { return };
    let store = Store::open(&Config { url: Some(server.url()), ..Config::default() }).await.unwrap();
    assert_eq!(store.eviction().await.unwrap(), None, "the default of Redis");
    let evicting = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]).unwrap();
    let store = Store::open(&Config { url: Some(evicting.url()), ..Config::default() }).await.unwrap();
    assert_eq!(store.eviction().await.unwrap().as_deref(), Some("allkeys-lru"));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Config::in_folder(folder.path()).unwrap()).await.unwrap();
    assert_eq!(store.eviction().await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_of_configuration() {
    let Some(server) = RedisServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "hunter2\n").unwrap();
    let config = Config { url: Some(server.url()), password_file: Some(password_file), ca_file: None };
    let error = Store::open(&config).await.unwrap().ping().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config, "{}", error.report());
    assert!(!error.report().contains("hunter2"), "{}", error.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_with_a_server_that_the_given_authority_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let pair = rcgen::KeyPair::generate().unwrap();
    let own =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
    std::fs::write(&certificate, own.pem()).unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    let Some(server) = RedisServer::start_with_tls(&certificate, &key) else { return };

    let trusting = Config { url: Some(server.url()), ca_file: Some(certificate), ..Config::default() };
    let store = Store::open(&trusting).await.unwrap();
    store.put(&Key::new("test", "a"), b"value", Expiry::Never).await.unwrap();
    assert_eq!(store.get(&Key::new("test", "a")).await.unwrap().unwrap(), b"value");

    let without = Config { url: Some(server.url()), ..Config::default() };
    let error = Store::open(&without).await.unwrap().ping().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "no authority of this machine has signed it");
    let in_the_clear = server.url().expose_secret().as_str().replace("rediss", "redis");
    let error = Store::open(&config(&in_the_clear)).await.unwrap().ping().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{}", error.report());
}
