//! An issuer for tests: serves discovery and key set over real HTTP, counts requests, and can misbehave.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{TestKey, TokenBuilder};
use crate::Config;

/// The response to a request for a document.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The correct document.
    Right,
    /// The correct document, after a delay.
    Late(Duration),
    /// The connection is closed without a response.
    HangUp,
    /// Status, headers (each with its line end) and body, as given.
    Raw {
        /// Such as `302 Found`.
        status: &'static str,
        /// Such as `Content-Type: text/html\r\n`.
        headers: String,
        /// The body.
        body: Vec<u8>,
    },
    /// Correct headers, then one byte per second without end.
    Drip,
    /// Correct headers, then 50 MB.
    Flood,
}

/// A running test issuer; dropping it stops it.
#[derive(Debug)]
pub struct KeyServer {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    keys: Mutex<Vec<Value>>,
    discovery_answer: Mutex<Answer>,
    keys_answer: Mutex<Answer>,
    discoveries: AtomicUsize,
    fetches: AtomicUsize,
    connections: AtomicUsize,
}

impl KeyServer {
    /// Starts an issuer on a free port, which publishes the trusted key.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("an address"),
            keys: Mutex::new(vec![TestKey::trusted().jwk()]),
            discovery_answer: Mutex::new(Answer::Right),
            keys_answer: Mutex::new(Answer::Right),
            discoveries: AtomicUsize::new(0),
            fetches: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let accepting = shared.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        KeyServer { shared, server }
    }

    /// The issuer's URL.
    pub fn issuer(&self) -> String {
        self.shared.issuer()
    }

    /// A configuration that trusts this issuer.
    pub fn config(&self) -> Config {
        Config { issuer: Some(self.issuer()), ..Config::default() }
    }

    /// A valid access token for a wearer with this login name, issued now.
    pub fn token(&self, username: &str) -> String {
        self.builder().user(username).sign(TestKey::trusted())
    }

    /// A builder that starts from a valid token of this issuer.
    pub fn builder(&self) -> TokenBuilder {
        TokenBuilder::new(&self.issuer(), Utc::now().timestamp())
    }

    /// Replaces the published keys.
    pub fn publish(&self, keys: Vec<Value>) {
        *lock(&self.shared.keys) = keys;
    }

    /// Sets the response for the key set from now on.
    pub fn answer_keys(&self, answer: Answer) {
        *lock(&self.shared.keys_answer) = answer;
    }

    /// Sets the response for the discovery document from now on.
    pub fn answer_discovery(&self, answer: Answer) {
        *lock(&self.shared.discovery_answer) = answer;
    }

    /// Requests for the key set so far.
    pub fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// Requests for the discovery document so far.
    pub fn discoveries(&self) -> usize {
        self.shared.discoveries.load(Ordering::SeqCst)
    }

    /// Connections so far, whatever they requested.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn issuer(&self) -> String {
        format!("http://{}/realms/reports-realm", self.address)
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let Some(path) = read_path(&mut stream).await else { return };
        let (answer, document) = if path.ends_with("/.well-known/openid-configuration") {
            self.discoveries.fetch_add(1, Ordering::SeqCst);
            let document = json!({"issuer": self.issuer(), "jwks_uri": format!("{}/certs", self.issuer())});
            (lock(&self.discovery_answer).clone(), document)
        } else {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            (lock(&self.keys_answer).clone(), json!({"keys": *lock(&self.keys)}))
        };
        // The client may disconnect at any moment, as some tests require.
        let _ = answer.write(&mut stream, document.to_string().into_bytes()).await;
    }
}

impl Answer {
    async fn write(self, stream: &mut TcpStream, document: Vec<u8>) -> std::io::Result<()> {
        const JSON: &str = "Content-Type: application/json\r\n";
        match self {
            Answer::Right => respond(stream, "200 OK", JSON, &document).await,
            Answer::Late(delay) => {
                tokio::time::sleep(delay).await;
                respond(stream, "200 OK", JSON, &document).await
            }
            Answer::HangUp => Ok(()),
            Answer::Raw { status, headers, body } => respond(stream, status, &headers, &body).await,
            Answer::Drip => {
                stream
                    .write_all(format!("HTTP/1.1 200 OK\r\n{JSON}Connection: close\r\n\r\n").as_bytes())
                    .await?;
                loop {
                    stream.write_all(b" ").await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Answer::Flood => {
                stream
                    .write_all(format!("HTTP/1.1 200 OK\r\n{JSON}Connection: close\r\n\r\n").as_bytes())
                    .await?;
                for _ in 0..50 {
                    stream.write_all(&vec![b' '; 1 << 20]).await?;
                }
                Ok(())
            }
        }
    }
}

async fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

/// Reads the head of the request and returns its path.
async fn read_path(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).ok()?;
    text.split(' ').nth(1).map(str::to_owned)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
