//! Checks that the warehouse responds: `GET /ping`, which needs no account and waits in no queue, and a query
//! that costs next to nothing.

use std::fmt;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use bytes::Bytes;
use clickhouse::Client as QueryClient;
use http::{StatusCode, Uri};
use http_body_util::Empty;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Config;
use crate::client::{self, Way, within};
use crate::reports::Freshness;

/// The timeout of a ping, which costs the engine nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// The timeout of the probe query, which normally takes milliseconds.
const QUERY_PATIENCE: Duration = Duration::from_secs(3);

/// Pings one address, over a new connection each time: a pooled one may be dead without this being noticed.
pub(crate) struct Ping {
    way: Kept,
    address: Uri,
    queries: QueryClient,
}

enum Kept {
    Plain(Client<HttpConnector, Empty<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>),
}

impl Ping {
    pub(crate) fn new(
        key: &'static str,
        url: Option<&SecretUrl>,
        config: &Config,
        queries: QueryClient,
    ) -> Result<Self> {
        let internal = || Error::new(Kind::Internal, "the warehouse cannot be pinged");
        let url = url.ok_or_else(internal)?.expose_secret();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(0);
        let way = match client::way(key, url, config)? {
            Way::Plain(tcp) => Kept::Plain(builder.build(tcp)),
            Way::Tls(tls) => Kept::Tls(builder.build(tls)),
        };
        let mut address = client::address(url);
        address.set_path("/ping");
        let address = address.as_str().parse().map_err(|error| internal().source(error))?;
        Ok(Ping { way, address, queries })
    }

    /// Returns true on any response, except that of a proxy whose upstream is down.
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

    /// Returns true if the query that every report runs first gets a response, even an error.
    pub(crate) async fn query_is_answered(&self) -> bool {
        let query = self.queries.query_raw(include_str!("reports/freshness.sql")).fetch_one::<Freshness>();
        let asked = within(QUERY_PATIENCE, "trying a query", query).await;
        asked.map_or_else(|error| error.kind() != Kind::Unreachable, |_| true)
    }
}

impl fmt::Debug for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ping").field("address", &self.address).finish_non_exhaustive()
    }
}
