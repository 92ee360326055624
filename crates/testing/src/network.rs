//! A bad network between the program and its databases: slow, cut into slices, closed, reset, or silent.
//!
//! Any number of proxies share one network. It counts the pieces that pass in either direction, and may stop at one of
//! them: then nothing passes any more through any of its proxies until the test says how it goes on. Each piece is a
//! boundary of the program's input or output, so a test that stops at every piece in turn has been everywhere.

mod proxy;

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::SecretUrl;
use tokio::sync::watch;

pub use proxy::Proxy;

/// How pieces travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// At once.
    Clear,
    /// Each piece comes late.
    Latency(Duration),
    /// In slices of so many bytes.
    Slices(usize),
    /// So many bytes a second, on each connection and in each direction.
    Bandwidth(u32),
}

/// What becomes of all connections at the piece where the network stops, and of every later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// They stay open and nothing passes; the piece waits.
    Silence,
    /// They are closed in order.
    Close,
    /// They are reset.
    Reset,
}

/// The network; its clones are the same one.
#[derive(Debug, Clone)]
pub struct Network {
    rule: Arc<watch::Sender<Rule>>,
}

/// What is in force.
#[derive(Debug, Clone, Copy)]
struct Rule {
    weather: Weather,
    /// At which piece, counted from 1, and how.
    stop: Option<(u64, End)>,
    /// Since this rule.
    pieces: u64,
    is_stopped: bool,
    /// The number of this rule.
    number: u64,
    /// Connections that were opened under a rule before this one are over.
    first_alive: u64,
}

impl Rule {
    /// How a connection ends that was opened under this rule; none where it lives.
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

    /// A way to a database through this network.
    ///
    /// # Panics
    /// When the URL has no port, or no port is to be had.
    pub async fn way_to(&self, url: &SecretUrl) -> Proxy {
        Proxy::new(self.clone(), url).await
    }

    /// Changes how pieces travel.
    pub fn weather(&self, weather: Weather) {
        self.rule.send_modify(|rule| rule.weather = weather);
    }

    /// Counts from 1 again, and stops at a piece in this way.
    pub fn stop_at(&self, piece: u64, end: End) {
        self.change(|rule| rule.stop = Some((piece, end)));
    }

    /// Counts from 1 again, and lets everything pass, also what has been waiting.
    pub fn go_on(&self) {
        self.change(|rule| rule.stop = None);
    }

    /// Counts from 1 again; every connection of until now is reset, and what has been waiting is lost.
    pub fn reset(&self) {
        self.change(|rule| (rule.stop, rule.first_alive) = (None, rule.number));
    }

    /// How many pieces have come since the count began.
    pub fn pieces(&self) -> u64 {
        self.rule.borrow().pieces
    }

    /// Waits until the network has stopped.
    pub async fn stopped(&self) {
        // Cannot fail: this holds the sender.
        let _ = self.rule.subscribe().wait_for(|rule| rule.is_stopped).await;
    }

    fn change(&self, change: impl FnOnce(&mut Rule)) {
        self.rule.send_modify(|rule| {
            (rule.pieces, rule.is_stopped, rule.number) = (0, false, rule.number + 1);
            change(rule);
        });
    }

    /// Counts a piece and waits until it may pass; never, on a connection that is over.
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

    /// Waits until connections that were opened under this rule are over.
    async fn ended(&self, opened_under: u64) -> End {
        let mut rules = self.rule.subscribe();
        let rule = rules.wait_for(|rule| rule.end(opened_under).is_some()).await;
        rule.ok().and_then(|rule| rule.end(opened_under)).unwrap_or(End::Close)
    }
}
