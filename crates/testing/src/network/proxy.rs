//! A proxy on a loopback port, in front of one database.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bionicpro_model::SecretUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{End, Network, Weather};

const PIECE_BYTES: usize = 16 << 10;

/// A proxy to a database. Its connections live as long as the runtime that created it.
#[derive(Debug)]
pub struct Proxy {
    /// The database's URL through this proxy.
    pub url: SecretUrl,
    target: Arc<Mutex<SocketAddr>>,
}

impl Proxy {
    pub(super) async fn new(network: Network, url: &SecretUrl) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut way = url.expose_secret().clone();
        way.set_host(Some("127.0.0.1")).unwrap();
        way.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let target = Arc::new(Mutex::new(address(url)));
        tokio::spawn(accept(listener, network, Arc::clone(&target)));
        Proxy { url: SecretUrl::parse(way.as_str()).unwrap(), target }
    }

    /// Directs later connections to another port, such as that of the same database after a restart.
    ///
    /// # Panics
    /// If the URL has no port.
    pub fn lead_to(&self, url: &SecretUrl) {
        *self.target.lock().unwrap() = address(url);
    }
}

fn address(url: &SecretUrl) -> SocketAddr {
    SocketAddr::from((
        [127, 0, 0, 1],
        url.expose_secret().port_or_known_default().expect("a URL with a port"),
    ))
}

async fn accept(listener: TcpListener, network: Network, target: Arc<Mutex<SocketAddr>>) {
    while let Ok((near, _)) = listener.accept().await {
        let (network, target) = (network.clone(), *target.lock().unwrap());
        // Read before anything passes, so that a connection that the test has ended does not become valid
        // again.
        let opened_under = network.rule.borrow().number;
        tokio::spawn(async move {
            match TcpStream::connect(target).await {
                Ok(far) => relay(near, far, &network, opened_under).await,
                Err(_) => close(near, End::Reset),
            }
        });
    }
}

async fn relay(mut near: TcpStream, mut far: TcpStream, network: &Network, opened_under: u64) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let end = {
        let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.split(), far.split());
        tokio::select! {
            end = network.ended(opened_under) => end,
            () = pass(&mut near_in, &mut far_out, network) => End::Close,
            () = pass(&mut far_in, &mut near_out, network) => End::Close,
        }
    };
    close(near, end);
    close(far, end);
}

fn close(stream: TcpStream, end: End) {
    if end == End::Reset {
        let _ = stream.set_zero_linger();
    }
}

/// Forwards pieces until either side is closed.
async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    network: &Network,
) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let weather = network.admit().await;
        if travel(&piece[..length], to, weather).await.is_err() {
            return;
        }
    }
}

async fn travel(
    piece: &[u8],
    to: &mut (impl AsyncWriteExt + Unpin),
    weather: Weather,
) -> std::io::Result<()> {
    match weather {
        Weather::Clear => to.write_all(piece).await,
        Weather::Latency(latency) => {
            tokio::time::sleep(latency).await;
            to.write_all(piece).await
        }
        Weather::Slices(bytes) => {
            for slice in piece.chunks(bytes) {
                to.write_all(slice).await?;
            }
            Ok(())
        }
        Weather::Bandwidth(bytes_per_second) => {
            // A tenth of a second's bytes at a time, so that the other end sees a steady slow line and no
            // bursts.
            for slice in piece.chunks((bytes_per_second as usize / 10).max(1)) {
                let seconds = slice.len() as f64 / f64::from(bytes_per_second);
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                to.write_all(slice).await?;
            }
            Ok(())
        }
    }
}
