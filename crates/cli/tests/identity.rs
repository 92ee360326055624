//! `bionicpro identity` as an administrator uses it, on a store with a bound login name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

use std::path::Path;
use std::process::{Command, Output};

use bionicpro_auth::testing::KeyServer;
use bionicpro_auth::{UsernameBindings, Verifier};
use bionicpro_store::{Config, Store};

fn identity(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bionicpro"));
    command.current_dir(folder).arg("identity").args(arguments);
    bionicpro_testing::without_configuration(&mut command);
    command
        .env("BIONICPRO_STORE_URL", format!("file://{}", folder.join("store").display()))
        .env("BIONICPRO_AUDIT_FOLDER", folder.join("audit"));
    command.output().unwrap()
}

fn said(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_shown_and_released_and_the_release_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = KeyServer::start().await;
    let verifier = Verifier::new(&issuer.config()).unwrap();
    let claims = verifier.verify(&issuer.token("ivan.petrov")).await.unwrap();
    let store = Store::open(&Config::in_folder(&folder.path().join("store")).unwrap()).await.unwrap();
    UsernameBindings::new(store).require_own(&claims).await.unwrap();

    let shown = said(&identity(folder.path(), &["show", "ivan.petrov"]));
    assert_eq!((&shown["name"], &shown["account"]), (&"ivan.petrov".into(), &"sub-of-ivan.petrov".into()));
    let released = said(&identity(folder.path(), &["release", "ivan.petrov"]));
    assert_eq!(released["account"], "sub-of-ivan.petrov");

    for arguments in [["show", "ivan.petrov"], ["release", "Ivan.Petrov"]] {
        let output = identity(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(4));
        assert!(String::from_utf8_lossy(&output.stderr).contains("byte by byte"));
    }
    let log = std::fs::read_dir(folder.path().join("audit/identity")).unwrap();
    let log: String =
        log.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default()).collect();
    assert_eq!(log.matches("\"identity.release\"").count(), 1, "{log}");
}
