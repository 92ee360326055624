//! The logs of this crate: even at the most verbose level, they contain nothing of a token or its holder.

use std::cell::RefCell;
use std::io::Write;

use bionicpro_auth::testing::{Answer, TestKey};
use tracing::Level;

use crate::support::setup;

thread_local! {
    /// The log output of this thread; the test's runtime has no other thread.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThreadLog;

impl Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_of_a_token_is_logged_or_shown() {
    // Global for the process: a scoped subscriber misses events that were first reached by the thread of
    // another test without a subscriber.
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(|| ThreadLog).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shown = runtime.block_on(async {
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
    });
    let log = String::from_utf8(LOG.take()).unwrap();
    assert!(log.contains("cannot fetch the issuer's key set"), "the log was caught: {log}");
    assert!(shown.contains("KeysUnavailable"), "{shown}");
    for secret in ["eyJ", "ivan", "mallory", "0d9e7f6a", "kid-with-a-name"] {
        assert!(!log.contains(secret), "{secret}: {log}");
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
