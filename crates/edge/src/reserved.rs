//! Ports that are reserved for a server that starts later.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 that is reserved for a server for as long as this value lives. Only a server that is
/// given the number can bind it.
///
/// A free port that is only looked up may be gone a moment later, because the system assigns it to any
/// outgoing connection. This one is bound without a listener. Linux never assigns a bound port automatically,
/// but lets a server with `SO_REUSEADDR`, which servers set, listen on it, also again after it has ended.
/// Other systems do not allow that, so there the port is only looked up.
#[derive(Debug)]
pub struct ReservedPort {
    port: u16,
    _socket: Option<TcpSocket>,
}

impl ReservedPort {
    /// Reserves any free port.
    ///
    /// # Errors
    /// If the system has none.
    pub fn any() -> io::Result<Self> {
        ReservedPort::new(0)
    }

    /// Reserves this port; 0 means any.
    ///
    /// # Errors
    /// If another process listens on it, or the account lacks the permission.
    pub fn new(port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let port = socket.local_addr()?.port();
        Ok(ReservedPort { port, _socket: cfg!(target_os = "linux").then_some(socket) })
    }

    /// Returns the port number.
    pub fn port(&self) -> u16 {
        self.port
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_server_takes_its_port_again_and_again_and_nobody_else_is_given_it() {
        let reserved = ReservedPort::any().unwrap();
        for _ in 0..2 {
            let server = TcpListener::bind((Ipv4Addr::LOCALHOST, reserved.port())).unwrap();
            let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
            let (accepted, _) = server.accept().unwrap();
            assert!(ReservedPort::new(reserved.port()).is_err(), "the port is in use");
            // The side that closes first holds the address for a while.
            drop(accepted);
            drop(client);
        }
        assert!(
            TcpStream::connect((Ipv4Addr::LOCALHOST, reserved.port())).is_err(),
            "no server is listening"
        );
    }

    #[test]
    fn the_system_gives_it_to_nobody_who_asks_for_any() {
        let reserved = ReservedPort::any().unwrap();
        // Neither for a server nor for an outgoing connection.
        let others: Vec<_> = (0..200).map(|_| ReservedPort::any().unwrap()).collect();
        assert!(others.iter().all(|other| other.port() != reserved.port()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Vec<_> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
        let given = |connection: &TcpStream| connection.local_addr().unwrap().port();
        assert!(connections.iter().all(|connection| given(connection) != reserved.port()));
    }
}
