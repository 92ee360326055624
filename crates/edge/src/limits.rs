//! What the clients of one listener may take.

use std::time::Duration;

/// What one connection, one address, and all connections of a listener may take. Nothing here is zero.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections that may be open at once. Beyond them, one that serves no whole request gives way to a new one; where all serve
    /// one, it waits.
    pub connections: u32,
    /// Connections that one address may have open at once; further ones are closed. Does not hold for trusted proxies.
    pub connections_per_address: u32,
    /// Refused credentials that one address may cause in a minute; further refusals are given late.
    pub refusals_per_minute: u32,
    /// By how much they are late.
    pub refusal_delay: Duration,
    /// In which the first request's headers must have arrived, counted from where the connection was taken, with TLS.
    pub first_header_timeout: Duration,
    /// In which the headers of any request must arrive; an idle connection is closed after the same time.
    pub header_timeout: Duration,
    /// In which a request's body must arrive, counted from its headers.
    pub body_timeout: Duration,
    /// In which a client must have taken the next piece of its answer.
    pub write_timeout: Duration,
    /// That requests in flight get to finish when the listener stops.
    pub shutdown_timeout: Duration,
    /// Bytes of request line and headers that are read at all. [`crate::Edge`] refuses far less, with a problem that says
    /// so; what exceeds this too gets hyper's bare 431.
    pub head_bytes: usize,
    /// Bytes of path and query that [`crate::Edge`] answers.
    pub target_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1024,
            connections_per_address: 256,
            refusals_per_minute: 300,
            refusal_delay: Duration::from_secs(1),
            first_header_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(10),
            head_bytes: 32 * 1024,
            target_bytes: 2048,
        }
    }
}
