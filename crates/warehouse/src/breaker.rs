//! Refuses queries immediately while the warehouse does not respond, so that they do not wait and pile up.
//!
//! A query that fails without a response, or has waited a while for one, triggers a ping, which decides. A
//! slow query changes nothing while the engine responds to pings. One task pings at a time, until there is a
//! response.
//!
//! An engine may respond to pings but to no query. If a query has waited longer still, and no other query
//! completed meanwhile, the task also runs a probe query, the one that every report begins with, one at a
//! time.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bionicpro_model::{Kind, Result};
use tokio::sync::watch;

use crate::ping::Ping;
use crate::{fault, metrics};

/// The wait after which a query triggers a ping; far longer than a report takes.
const SUSPICIOUS_AFTER: Duration = Duration::from_secs(1);
/// The number of such waits after which a probe query runs too. Together with the probe's timeout, it is
/// below any request's deadline.
const IN_VAIN_AFTER: u32 = 3;
/// The interval between two pings while the engine does not respond.
const BETWEEN_PINGS: Duration = Duration::from_millis(500);

/// The breaker of one account. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Breaker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ping: Ping,
    state: watch::Sender<State>,
    /// The number of completed queries, so that a waiting query can check whether any completed meanwhile.
    answered: AtomicU64,
}

/// The probe that runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Ping,
    PingAndQuery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Queries pass.
    Closed,
    /// Queries pass, and a ping is in flight.
    Asking,
    /// Queries are refused, including those already waiting; pings are being sent.
    Open,
}

impl Breaker {
    pub(crate) fn new(ping: Ping) -> Self {
        Breaker(Arc::new(Inner {
            ping,
            state: watch::Sender::new(State::Closed),
            answered: AtomicU64::new(0),
        }))
    }

    /// Runs the exchange, or fails with `Unreachable` as soon as the engine is known not to respond.
    pub(crate) async fn pass<T>(
        &self,
        doing: &'static str,
        exchange: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut state = self.0.state.subscribe();
        let answered = async {
            let answered_before = self.0.answered.load(Ordering::Relaxed);
            let mut exchange = pin!(exchange);
            for waits in 1_u32.. {
                match tokio::time::timeout(SUSPICIOUS_AFTER, exchange.as_mut()).await {
                    Ok(answer) => return answer,
                    Err(_elapsed) if waits < IN_VAIN_AFTER => self.suspect(Question::Ping),
                    // The engine is busy, but completed other queries meanwhile.
                    Err(_elapsed) if self.0.answered.load(Ordering::Relaxed) != answered_before => {
                        self.suspect(Question::Ping);
                    }
                    Err(_elapsed) => self.suspect(Question::PingAndQuery),
                }
            }
            exchange.await
        };
        tokio::select! {
            biased;
            // Cannot fail: `self` holds the sender.
            _ = state.wait_for(|state| *state == State::Open) => {
                Err(fault::unreachable(doing).detail("it does not respond; queries are refused until it does"))
            }
            answer = answered => match answer {
                Err(error) if error.kind() == Kind::Unreachable => {
                    self.suspect(Question::Ping);
                    Err(error)
                }
                answer => {
                    self.0.answered.fetch_add(1, Ordering::Relaxed);
                    answer
                }
            },
        }
    }

    /// Starts a probe in the background, unless one is running.
    fn suspect(&self, question: Question) {
        let begins = self.0.state.send_if_modified(|state| {
            let begins = *state == State::Closed;
            if begins {
                *state = State::Asking;
            }
            begins
        });
        if begins {
            tokio::spawn(self.clone().ask(question));
        }
    }

    /// Probes until the engine responds, or until no other clone of the breaker is left.
    async fn ask(self, question: Question) {
        while !self.is_answered(question).await {
            if self.0.state.send_replace(State::Open) != State::Open {
                tracing::warn!("the warehouse does not respond: report queries are refused until it does");
                metrics::gauge_breaker(true);
            }
            tokio::time::sleep(BETWEEN_PINGS).await;
            if Arc::strong_count(&self.0) == 1 {
                return;
            }
        }
        if self.0.state.send_replace(State::Closed) == State::Open {
            tracing::info!("the warehouse responds again");
            metrics::gauge_breaker(false);
        }
    }

    async fn is_answered(&self, question: Question) -> bool {
        self.0.ping.is_answered().await
            && (question == Question::Ping || self.0.ping.query_is_answered().await)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32};
    use std::time::Instant;

    use bionicpro_model::{Error, SecretUrl};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::{Config, client};

    const PONG: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const NO_ROWS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    /// A breaker whose pings are counted and answered with these bytes; if empty, pings get no response.
    async fn breaker(answer: &'static [u8]) -> (Breaker, Arc<AtomicU32>) {
        let (breaker, pings, _) = engine(answer).await;
        (breaker, pings)
    }

    /// The same with an engine that answers queries (with an empty result) while the flag is set.
    async fn engine(pong: &'static [u8]) -> (Breaker, Arc<AtomicU32>, Arc<AtomicBool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://u:p@{}/house", listener.local_addr().unwrap());
        let (pings, answers) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, allowed) = (Arc::clone(&pings), Arc::clone(&answers));
        tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                if request[..length].starts_with(b"GET /ping HTTP/1.1\r\n") {
                    counted.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(pong).await.unwrap();
                } else if allowed.load(Ordering::SeqCst) {
                    stream.write_all(NO_ROWS).await.unwrap();
                }
                open.push(stream);
            }
        });
        let url = SecretUrl::parse(&url).unwrap();
        let queries = client::connect("warehouse.url", Some(&url), None, &Config::default()).unwrap();
        let ping = Ping::new("warehouse.url", Some(&url), &Config::default(), queries).unwrap();
        (Breaker::new(ping), pings, answers)
    }

    async fn answers_after(time: Duration) -> Result<&'static str> {
        tokio::time::sleep(time).await;
        Ok("rows")
    }

    #[tokio::test]
    async fn a_slow_query_passes_while_pings_are_answered() {
        let (breaker, pings) = breaker(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        let slow = breaker.pass("reading", answers_after(SUSPICIOUS_AFTER * 5 / 2));
        let quick = breaker.pass("reading", answers_after(Duration::ZERO));
        let (slow, quick) = tokio::join!(slow, quick);
        assert_eq!((slow.unwrap(), quick.unwrap()), ("rows", "rows"));
        assert!((1..=2).contains(&pings.load(Ordering::SeqCst)), "one for each wait that was too long");
    }

    #[tokio::test]
    async fn what_waits_and_what_comes_is_refused_together() {
        for answer in [&b""[..], b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"] {
            let (breaker, pings) = breaker(answer).await;
            let began = Instant::now();
            let waiting = (0..50).map(|_| breaker.pass("reading", std::future::pending::<Result<()>>()));
            for refused in futures_util::future::join_all(waiting).await {
                assert_eq!(refused.unwrap_err().kind(), Kind::Unreachable);
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            let began = Instant::now();
            let asked = breaker.pass("reading", async { panic!("the engine was queried") as Result<()> });
            assert_eq!(asked.await.unwrap_err().kind(), Kind::Unreachable);
            assert!(began.elapsed() < SUSPICIOUS_AFTER, "{:?}", began.elapsed());
            assert!(pings.load(Ordering::SeqCst) <= 2, "one ping at a time");
        }
    }

    #[tokio::test]
    async fn an_engine_that_answers_pings_and_no_query_is_left_alone_until_it_answers_one() {
        let (breaker, _, answers) = engine(PONG).await;
        let waiting = (0..20).map(|_| breaker.pass("reading", std::future::pending::<Result<()>>()));
        for refused in futures_util::future::join_all(waiting).await {
            assert_eq!(refused.unwrap_err().kind(), Kind::Unreachable);
        }
        for _ in 0..100 {
            let asked = breaker.pass("reading", async { panic!("the engine was queried") as Result<()> });
            assert_eq!(asked.await.unwrap_err().kind(), Kind::Unreachable);
        }
        answers.store(true, Ordering::SeqCst);
        let began = Instant::now();
        while breaker.pass("reading", answers_after(Duration::ZERO)).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "the engine responds but is not queried");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_busy_engine_that_answered_another_query_meanwhile_is_not_doubted() {
        let (breaker, _, _) = engine(PONG).await;
        let slow = SUSPICIOUS_AFTER * (IN_VAIN_AFTER + 5);
        let crowd = (0..20).map(|_| breaker.pass("reading", answers_after(slow)));
        let other = breaker.pass("reading", answers_after(SUSPICIOUS_AFTER * 3 / 2));
        let (crowd, other) = tokio::join!(futures_util::future::join_all(crowd), other);
        assert!(crowd.iter().all(Result::is_ok) && other.is_ok());
    }

    #[tokio::test]
    async fn an_error_that_is_an_answer_is_no_reason_to_ask() {
        let (breaker, pings) = breaker(PONG).await;
        let refused = async { Err::<(), _>(Error::new(Kind::Data, "another schema")) };
        breaker.pass("reading", refused).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(pings.load(Ordering::SeqCst), 0);
        let away = async { Err::<(), _>(fault::unreachable("reading")) };
        breaker.pass("reading", away).await.unwrap_err();
        breaker.pass("reading", answers_after(Duration::from_millis(50))).await.unwrap();
        assert_eq!(pings.load(Ordering::SeqCst), 1);
    }
}
