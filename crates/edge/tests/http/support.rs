//! A service behind the edge, and a client that sends it raw bytes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use bionicpro_edge::{DefaultDetails, Edge, Listen, Listener, Options, Peer, Problem, ProblemKind};
use http::{HeaderMap, Method, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The largest allowed body, in bytes.
pub(crate) const BODY_BYTES: u64 = 1000;
/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running service.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Service::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Listen)) -> Self {
        let mut listen = Listen::new("test", "listen", "--listen", ([127, 0, 0, 1], 0).into());
        change(&mut listen);
        let listener = Listener::bind(listen).await.unwrap();
        let address = listener.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(listener.serve(edge(), async {
            let _ = stopped.await;
        }));
        Service { address, stop: Some(stop), serving }
    }

    /// Stops it as a signal does, and waits until it has stopped.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        tokio::time::timeout(PATIENCE, &mut self.serving).await.unwrap().unwrap();
    }

    /// Sends bytes and returns all responses until the connection is closed.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Answers {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that has refused the request may not read the rest.
        let _ = stream.write_all(bytes.as_ref()).await;
        Answers::read(&mut stream).await
    }
}

fn edge() -> Edge {
    let router = Router::new()
        .route("/fine", get(|| async { "fine" }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/deaf", post(|| async { "not listened" }))
        .route(
            "/peer",
            get(|axum::Extension(Peer(peer)): axum::Extension<Peer>| async move { peer.to_string() }),
        )
        .route("/own", get(own))
        .route("/panic", get(|| async { panic!("the cause is for the log") as StatusCode }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(700)).await }))
        .route("/stuck", get(|| async { std::future::pending::<()>().await }))
        .route("/endless", get(endless))
        .route(
            "/page",
            get(|| async {
                (
                    [
                        (header::CACHE_CONTROL, "max-age=60"),
                        (header::CONTENT_SECURITY_POLICY, "default-src 'self'"),
                    ],
                    "page",
                )
            }),
        );
    let methods = Some(&[Method::GET, Method::HEAD, Method::POST] as &[_]);
    Edge::new(
        router,
        Options {
            deadline: Duration::from_secs(3),
            body_bytes: BODY_BYTES,
            methods,
            texts: DefaultDetails::default(),
        },
    )
}

/// Serves callers with the token.
async fn own(headers: HeaderMap) -> Result<&'static str, Problem> {
    match headers.get(header::AUTHORIZATION) {
        Some(token) if token == "Bearer good" => Ok("own"),
        _ => Err(Problem::new(ProblemKind::InvalidToken)),
    }
}

/// An endless body.
async fn endless() -> Body {
    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
    Body::from_stream(futures_util::stream::repeat_with(move || Ok::<_, Infallible>(piece.clone())))
}

/// The responses on a connection.
#[derive(Debug)]
pub(crate) struct Answers(pub(crate) String);

impl Answers {
    /// Reads until the server closes the connection, which it must do eventually.
    pub(crate) async fn read(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Self {
        let mut bytes = Vec::new();
        // A server that refuses may reset the connection after its response; what was read until then is the
        // response.
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
        assert!(read.is_ok(), "the connection stays open after {:?}", String::from_utf8_lossy(&bytes));
        Answers(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the statuses, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        // A body need not end with a line feed, so the next response may begin anywhere.
        self.0.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
    }

    /// Returns the value of the first header with this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Builds a request without a body, after which the connection ends.
pub(crate) fn get_once(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}
