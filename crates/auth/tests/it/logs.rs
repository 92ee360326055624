//! What this crate writes down: at the loudest level, nothing of a token or its holder.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bionicpro_auth::testing::{Answer, TestKey};
use tracing::Level;

use crate::support::setup;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_of_a_token_is_logged_or_shown() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shown = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let setup = setup().await;
            let hostile = setup.token().claim("preferred_username", "mallory\r\n{\"level\":\"ERROR\"}");
            let expired = setup.token().claim("exp", 1).sign(TestKey::trusted());
            let unknown = setup.token().header("kid", "kid-with-a-name").sign(TestKey::attacker());
            let mut shown = Vec::new();
            for token in [setup.good(), hostile.sign(TestKey::trusted()), expired, unknown] {
                shown.push(format!("{:?}", setup.claims(&token).await));
            }
            setup.server.answer_keys(Answer::HangUp);
            setup.clock.advance(4000);
            shown.push(format!("{:?}", setup.claims(&setup.good()).await));
            shown.push(format!("{:?}", setup.verifier));
            shown.join("\n")
        })
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the issuer's keys cannot be fetched"), "the log was caught: {log}");
    assert!(shown.contains("KeysUnavailable"), "{shown}");
    for secret in ["eyJ", "ivan", "mallory", "0d9e7f6a", "kid-with-a-name"] {
        assert!(!log.contains(secret), "{secret}: {log}");
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
