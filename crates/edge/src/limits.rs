//! Limits on the clients of one listener.

use std::time::Duration;

/// Limits per connection, per address and per listener. None of them is zero.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections that may be open at once. Beyond them, a connection that is not serving a complete request
    /// is closed to make room for a new one; if all are serving one, the new one waits.
    pub connections: u32,
    /// Connections that one address may have open at once. Further ones are closed. Trusted proxies are
    /// exempt.
    pub connections_per_address: u32,
    /// Refused credentials that one address may cause in a minute. Further refusals are delayed.
    pub refusals_per_minute: u32,
    /// The delay of those refusals.
    pub refusal_delay: Duration,
    /// Time within which the first request's headers must arrive, counted from when the connection was
    /// admitted and including the TLS handshake.
    pub first_header_timeout: Duration,
    /// Time within which the headers of any request must arrive. An idle connection is closed after the same
    /// time.
    pub header_timeout: Duration,
    /// Time within which a request body must arrive, counted from its headers.
    pub body_timeout: Duration,
    /// Time within which a client must read the next piece of a response.
    pub write_timeout: Duration,
    /// Time that in-flight requests get to finish when the listener stops.
    pub shutdown_timeout: Duration,
    /// Bytes of request line and headers that are read at all. [`crate::Edge`] rejects far smaller heads with
    /// a problem that says so; beyond this limit the client gets hyper's bare 431.
    pub head_bytes: usize,
    /// The largest path and query, in bytes, that [`crate::Edge`] accepts.
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
