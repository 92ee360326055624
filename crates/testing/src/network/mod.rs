//! A faulty network between the program and its databases: slow, split into slices, closed, reset, or silent.
//!
//! Any number of proxies share one network. It counts the pieces that arrive in either direction and can stop
//! at one of them: from then on, nothing passes through any of its proxies until the test resumes it. Each
//! piece is a boundary of the program's input or output, so a test that stops at every piece in turn covers
//! all of them.

mod proxy;

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::SecretUrl;
use tokio::sync::watch;

pub use proxy::Proxy;

/// The conditions under which pieces are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Immediately.
    Clear,
    /// Each piece after a delay.
    Latency(Duration),
    /// In slices of at most this many bytes.
    Slices(usize),
    /// At this many bytes a second, on each connection and in each direction.
    Bandwidth(u32),
}

/// The fate of all connections, and of every later one, once the network stops at a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// They remain open and nothing passes; the piece waits.
    Silence,
    /// They are closed gracefully.
    Close,
    /// They are reset.
    Reset,
}

/// The network. Clones share its state.
#[derive(Debug, Clone)]
pub struct Network {
    rule: Arc<watch::Sender<Rule>>,
}

/// The rule in force.
#[derive(Debug, Clone, Copy)]
struct Rule {
    weather: Weather,
    /// The piece to stop at, counted from 1, and the fate of the connections.
    stop: Option<(u64, End)>,
    /// The pieces that have arrived under this rule.
    pieces: u64,
    is_stopped: bool,
    /// The number of this rule.
    number: u64,
    /// The number of the oldest rule whose connections are still alive.
    first_alive: u64,
}

impl Rule {
    /// The end of a connection that was opened under rule `opened_under`; `None` if it is alive.
    fn end(&self, opened_under: u64) -> Option<End> {
        match self.stop {
            _ if opened_under < self.first_alive => Some(End::Reset),
            Some((_, end)) if self.is_stopped && end != End::Silence => Some(end),
            _ => None,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        let weather = Weather::Clear;
        let rule = Rule { weather, stop: None, pieces: 0, is_stopped: false, number: 0, first_alive: 0 };
        Network { rule: Arc::new(watch::Sender::new(rule)) }
    }
}

impl Network {
    /// A network in clear weather.
    pub fn new() -> Self {
        Network::default()
    }

    /// Starts a proxy to a database through this network.
    ///
    /// # Panics
    /// If the URL has no port, or no local port is free.
    pub async fn way_to(&self, url: &SecretUrl) -> Proxy {
        Proxy::new(self.clone(), url).await
    }

    /// Changes the conditions under which pieces are forwarded.
    pub fn weather(&self, weather: Weather) {
        self.rule.send_modify(|rule| rule.weather = weather);
    }

    /// Restarts the count at 1, and stops at a piece, ending the connections in this way.
    pub fn stop_at(&self, piece: u64, end: End) {
        self.change(|rule| rule.stop = Some((piece, end)));
    }

    /// Restarts the count at 1, and lets everything pass, including the pieces that were waiting.
    pub fn go_on(&self) {
        self.change(|rule| rule.stop = None);
    }

    /// Restarts the count at 1, resets every connection opened so far, and drops the pieces that were
    /// waiting.
    pub fn reset(&self) {
        self.change(|rule| (rule.stop, rule.first_alive) = (None, rule.number));
    }

    /// The number of pieces that have arrived since the count began.
    pub fn pieces(&self) -> u64 {
        self.rule.borrow().pieces
    }

    /// Waits until the network has stopped.
    pub async fn stopped(&self) {
        // Cannot fail: `self` owns the sender.
        let _ = self.rule.subscribe().wait_for(|rule| rule.is_stopped).await;
    }

    fn change(&self, change: impl FnOnce(&mut Rule)) {
        self.rule.send_modify(|rule| {
            (rule.pieces, rule.is_stopped, rule.number) = (0, false, rule.number + 1);
            change(rule);
        });
    }

    /// Counts a piece and waits until it may pass.
    async fn admit(&self) -> Weather {
        let (mut counted_under, mut waits) = (0, false);
        self.rule.send_if_modified(|rule| {
            rule.pieces += 1;
            counted_under = rule.number;
            waits = rule.stop.is_some_and(|(at, _)| at <= rule.pieces);
            let has_changed = waits && !rule.is_stopped;
            rule.is_stopped |= waits;
            has_changed
        });
        let mut rules = self.rule.subscribe();
        let rule = rules.wait_for(|rule| !waits || rule.number != counted_under).await;
        rule.map_or(Weather::Clear, |rule| rule.weather)
    }

    /// Waits until connections that were opened under rule `opened_under` have ended.
    async fn ended(&self, opened_under: u64) -> End {
        let mut rules = self.rule.subscribe();
        let rule = rules.wait_for(|rule| rule.end(opened_under).is_some()).await;
        rule.ok().and_then(|rule| rule.end(opened_under)).unwrap_or(End::Close)
    }
}
