//! A verifier with a stopped clock, and the issuer that it trusts.

use bionicpro_auth::testing::{KeyServer, ManualClock, TestKey, TokenBuilder};
use bionicpro_auth::{Claims, Clock, Config, Reason, Rejection, Verifier};
use metrics_exporter_prometheus::PrometheusBuilder;

/// The time of the tests' clock at the start, in seconds since 1970.
pub(crate) const NOW: i64 = 1_705_312_800;

pub(crate) struct Setup {
    pub(crate) server: KeyServer,
    pub(crate) verifier: Verifier,
    pub(crate) clock: ManualClock,
}

pub(crate) async fn setup() -> Setup {
    setup_with(|_| {}).await
}

pub(crate) async fn setup_with(change: impl FnOnce(&mut Config)) -> Setup {
    let server = KeyServer::start().await;
    let mut config = server.config();
    change(&mut config);
    let (time, clock) = Clock::manual(NOW);
    let verifier = Verifier::with_clock(&config, time).unwrap();
    Setup { server, verifier, clock }
}

impl Setup {
    /// A builder that starts from a valid token.
    pub(crate) fn token(&self) -> TokenBuilder {
        TokenBuilder::new(&self.server.issuer(), NOW)
    }

    /// A valid token.
    pub(crate) fn good(&self) -> String {
        self.token().sign(TestKey::trusted())
    }

    pub(crate) async fn claims(&self, token: &str) -> Result<Claims, Rejection> {
        self.verifier.verify(token).await
    }

    /// Asserts that every row is refused with 401 for its reason, that a good token is still accepted, and
    /// that nothing was requested from the issuer but its two documents.
    pub(crate) async fn refuses(&self, rows: Vec<(&str, String, Reason)>) {
        for (row, token, reason) in rows {
            let verdict = self.claims(&token).await.map(|claims| claims.roles);
            assert_eq!(verdict, Err(Rejection::Invalid(reason)), "{row}: {token:.200}");
        }
        self.accepts(vec![("a good token", self.good())]).await;
        assert_eq!(self.server.connections(), self.server.discoveries() + self.server.fetches());
        assert!(self.server.fetches() <= 2, "{}", self.server.fetches());
    }

    /// Asserts that every row is accepted.
    pub(crate) async fn accepts(&self, rows: Vec<(&str, String)>) {
        for (row, token) in rows {
            let verdict = self.claims(&token).await;
            assert!(verdict.is_ok(), "{row}: {verdict:?}");
        }
    }
}

/// Runs a test on one thread and returns the recorded metrics in the text format of Prometheus.
pub(crate) fn metrics_of<F: Future<Output = ()>>(test: F) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test));
    handle.render()
}
