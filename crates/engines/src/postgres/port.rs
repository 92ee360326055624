//! Ports on 127.0.0.1.

use std::net::{Ipv4Addr, TcpListener};

use bionicpro_model::{Error, Kind, Result};

/// Returns a port that was free a moment ago; the caller must be ready to try another.
pub(super) fn free() -> Result<u16> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port())
        .map_err(|error| Error::new(Kind::Unreachable, "no port is free on 127.0.0.1").source(error))
}

/// Refuses a port that is in use, before anything is started.
pub(super) fn check_free(port: u16) -> Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| {
        Error::new(Kind::Config, "the port for PostgreSQL is taken")
            .detail(format!("127.0.0.1:{port}"))
            .hint("choose another port, or stop the program that listens there")
            .source(error)
    })
}
