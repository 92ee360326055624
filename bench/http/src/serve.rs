//! A bare hyper server: reads a request, answers 200 with the given bytes, or 304 if the request names their
//! entity tag. The minimum cost of any API.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::{Result, answer, loopback};

/// Flags of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The address to listen on; port 0 takes a free one, which is printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The file whose bytes are the response's body.
    #[arg(long)]
    body: PathBuf,
    /// The response's content type.
    #[arg(long, default_value = "application/json")]
    content_type: String,
    /// The response's entity tag; a request that names it is answered 304 without a body.
    #[arg(long)]
    etag: Option<String>,
    /// Stop after this many seconds, whatever happens.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

/// The response to every request.
#[derive(Clone)]
struct Answer {
    body: Bytes,
    content_type: HeaderValue,
    etag: Option<HeaderValue>,
}

/// Serves until the time is over or a signal ends the process.
pub(crate) async fn run(options: Options) -> Result<()> {
    let answered = Answer {
        body: Bytes::from(std::fs::read(&options.body)?),
        content_type: HeaderValue::try_from(options.content_type)?,
        etag: options.etag.map(HeaderValue::try_from).transpose()?,
    };
    let listener = TcpListener::bind(loopback::only(options.listen)?).await?;
    let address = listener.local_addr()?;
    answer(&serde_json::json!({ "url": format!("http://{address}"), "port": address.port() }));
    let end = tokio::time::sleep(Duration::from_secs(options.seconds));
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return Ok(()),
            accepted = listener.accept() => {
                tokio::spawn(connection(accepted?.0, answered.clone()));
            }
        }
    }
}

/// Serves one connection. Its errors are ignored: the client sees them.
async fn connection(stream: TcpStream, answered: Answer) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<_>| {
        let response = answered.to(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Answer {
    fn to<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        if let Some(etag) = &self.etag {
            response.headers_mut().insert(ETAG, etag.clone());
            if request.headers().get(IF_NONE_MATCH) == Some(etag) {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return response;
            }
        }
        response.headers_mut().insert(CONTENT_TYPE, self.content_type.clone());
        *response.body_mut() = Full::new(self.body.clone());
        response
    }
}
