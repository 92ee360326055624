//! Whether anybody answers at the warehouse's address: `GET /ping`, which needs no account and waits in no queue.

use std::fmt;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::Empty;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Config;
use crate::client::{self, Way};

/// How long an answer may take that costs nothing to give.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks at one address, over a connection of its own each time: one that is kept may be dead without knowing it.
pub(crate) struct Ping {
    way: Kept,
    address: Uri,
}

enum Kept {
    Plain(Client<HttpConnector, Empty<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>),
}

impl Ping {
    pub(crate) fn new(key: &'static str, url: Option<&SecretUrl>, config: &Config) -> Result<Self> {
        let internal = || Error::new(Kind::Internal, "the warehouse cannot be asked whether it answers");
        let url = url.ok_or_else(internal)?.expose_secret();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(0);
        let way = match client::way(key, url, config)? {
            Way::Plain(tcp) => Kept::Plain(builder.build(tcp)),
            Way::Tls(tls) => Kept::Tls(builder.build(tls)),
        };
        let mut address = client::without_account(url);
        address.set_path(&format!("{}/ping", url.path().trim_end_matches('/')));
        let address = address.as_str().parse().map_err(|error| internal().source(error))?;
        Ok(Ping { way, address })
    }

    /// Any answer is one, but a proxy's that nobody is behind it.
    pub(crate) async fn is_answered(&self) -> bool {
        let asked = match &self.way {
            Kept::Plain(client) => client.get(self.address.clone()),
            Kept::Tls(client) => client.get(self.address.clone()),
        };
        let of_a_proxy =
            [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => !of_a_proxy.contains(&answer.status()),
            Ok(Err(_)) | Err(_) => false,
        }
    }
}

impl fmt::Debug for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ping").field("address", &self.address).finish_non_exhaustive()
    }
}
