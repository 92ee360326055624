//! The HTTP client: credentials, transport, deadlines and settings.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_disk::read_secret;
use bionicpro_model::{Error, Kind, Result, Secret, SecretUrl};
use clickhouse::{Client, Compression};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::config::Config;
use crate::{fault, settings};

/// The timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time after which an idle connection is closed; shorter than any server's own limit, so that no
/// half-closed connection is used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The timeout for a small query about the engine itself.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepares a client for the account of `url`, which is one of the URLs in `config`.
pub(crate) fn connect(
    key: &'static str,
    url: Option<&SecretUrl>,
    password_file: Option<&Path>,
    config: &Config,
) -> Result<Client> {
    let url = url.ok_or_else(|| {
        Error::new(Kind::Config, "the warehouse is not configured")
            .detail(key)
            .hint("set BIONICPRO_WAREHOUSE_URL, or url in [warehouse], to http://user:password@host:8123")
    })?;
    let parsed = url.expose_secret();
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(Error::new(Kind::Config, "the warehouse URL has a query")
            .detail(format!("{key} = {url}"))
            .hint("leave it out; the database is the path: http://user:password@host:8123/reports"));
    }
    let client = match way(key, parsed, config)? {
        Way::Plain(tcp) => Client::with_http_client(pool().build(tcp)),
        Way::Tls(tls) => Client::with_http_client(pool().build(tls)),
    };
    let client = client
        .with_url(address(parsed))
        .with_database(config.database()?)
        .with_compression(Compression::None)
        .with_product_info("bionicpro", env!("CARGO_PKG_VERSION"));
    let mut client = settings::with(client, settings::ANSWERS);
    if config.cluster.is_some() {
        client = settings::with(client, settings::CLUSTER);
    }
    if !parsed.username().is_empty() {
        client = client.with_user(decoded(parsed.username())?);
    }
    if let Some(password) = password(key, parsed, password_file)? {
        client = client.with_password(password.expose_secret());
    }
    Ok(client)
}

/// Clients for the other servers of a cluster, with the account of `config.url`.
pub(crate) fn connect_others(config: &Config) -> Result<Vec<Host>> {
    const KEY: &str = "warehouse.hosts";
    let Some(account) = config.url.as_ref().map(SecretUrl::expose_secret) else { return Ok(Vec::new()) };
    let connect = |host: &SecretUrl| {
        let url = host.expose_secret();
        if !url.username().is_empty() || url.password().is_some() || url.path() != "/" {
            return Err(Error::new(Kind::Config, "the URL of a cluster server has an account or a path")
                .detail(format!("{KEY} has {host}"))
                .hint("write http://host:8123; account and database are those of warehouse.url"));
        }
        let mut url = url.clone();
        let has_account =
            url.set_username(account.username()).and_then(|()| url.set_password(account.password()));
        has_account.map_err(|()| {
            Error::new(Kind::Config, "the URL of a cluster server has no host")
                .detail(format!("{KEY} has {host}"))
        })?;
        let url = SecretUrl::parse(url.as_str())?;
        let client = connect(KEY, Some(&url), config.password_file.as_deref(), config)?;
        Ok(Host { client, address: host.address() })
    };
    config.hosts.iter().map(connect).collect()
}

/// A server of a cluster, with the address that errors show.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) client: Client,
    pub(crate) address: String,
}

/// The connector to the warehouse: plain TCP or TLS.
pub(crate) enum Way {
    Plain(HttpConnector),
    Tls(HttpsConnector<HttpConnector>),
}

/// Returns the connector for the URL's scheme.
pub(crate) fn way(key: &'static str, url: &Url, config: &Config) -> Result<Way> {
    match url.scheme() {
        "http" => Ok(Way::Plain(tcp())),
        "https" => {
            let mut tcp = tcp();
            tcp.enforce_http(false);
            let tls = hyper_rustls::HttpsConnectorBuilder::new()
                .with_tls_config(tls(config.ca_file.as_deref())?)
                .https_only()
                .enable_http1()
                .wrap_connector(tcp);
            Ok(Way::Tls(tls))
        }
        other => Err(Error::new(Kind::Config, "the warehouse speaks HTTP only")
            .detail(format!("{key} has the scheme {other}"))
            .hint("write http://user:password@host:8123 or https://user:password@host:8443")),
    }
}

/// Returns the URL without the account and without the path, which names the database.
pub(crate) fn address(url: &Url) -> Url {
    let mut address = url.clone();
    address.set_path("/");
    // Cannot fail: an HTTP URL has a host.
    let _ = address.set_username("");
    let _ = address.set_password(None);
    address
}

/// Trusts the certificate authorities in the file, or those of this machine if there is none.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Internal, "no TLS version can be offered").source(error))?;
    let Some(path) = ca_file else {
        let builder = builder.with_native_roots().map_err(|error| {
            Error::new(Kind::Config, "no certificate authorities are installed")
                .source(error)
                .hint("install the package ca-certificates, or set warehouse.ca_file")
        })?;
        return Ok(builder.with_no_client_auth());
    };
    let unreadable = || {
        Error::new(Kind::Config, "the certificate authority file cannot be used")
            .detail(path.display().to_string())
            .hint("warehouse.ca_file names a file in PEM form")
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    roots.add_parsable_certificates(certificates.map_err(|error| unreadable().source(error))?);
    if roots.is_empty() {
        return Err(unreadable());
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_keepalive(Some(Duration::from_secs(60)));
    connector.set_nodelay(true);
    connector
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut builder = HttpClient::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE_TIMEOUT).pool_timer(hyper_util::rt::TokioTimer::new());
    builder
}

/// Returns the first line of the file if there is one, otherwise the password in the URL.
fn password(key: &'static str, url: &Url, file: Option<&Path>) -> Result<Option<Secret>> {
    let Some(file) = file else {
        return url.password().map(|password| decoded(password).map(Secret::new)).transpose();
    };
    // `warehouse.url` has `warehouse.password_file`, which the other servers of a cluster share.
    let section = key.strip_suffix("url").unwrap_or("warehouse.");
    read_secret(&format!("{section}password_file"), file).map(Some)
}

fn decoded(text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(|text| text.into_owned())
        .map_err(|_| Error::new(Kind::Config, "the user or the password in the warehouse URL is not UTF-8"))
}

/// Runs one exchange with the engine under a deadline; errors name it by `doing`.
pub(crate) async fn within<T>(
    limit: Duration,
    doing: &'static str,
    exchange: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T> {
    let began = Instant::now();
    let answer = tokio::time::timeout(limit, exchange).await;
    tracing::debug!(doing, micros = began.elapsed().as_micros(), "the warehouse answered");
    match answer {
        Ok(answer) => answer.map_err(|cause| fault::error(doing, cause)),
        Err(_) => Err(fault::error(doing, clickhouse::error::Error::TimedOut)),
    }
}

/// Queries the engine's version, which needs no database.
pub(crate) async fn ping(client: &Client) -> Result<String> {
    let client = client.clone().with_database("default");
    within(PING_TIMEOUT, "reading its version", client.query_raw("SELECT version()").fetch_one::<String>())
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> SecretUrl {
        SecretUrl::parse(text).unwrap()
    }

    fn refuses(url: Option<&SecretUrl>, file: Option<&Path>) -> Error {
        let error = connect("warehouse.url", url, file, &Config::default()).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(!error.report().contains("hunter2"), "{}", error.report());
        error
    }

    #[test]
    fn a_certificate_authority_that_cannot_be_read_is_named() {
        let missing = Config { ca_file: Some("/nowhere/ca.pem".into()), ..Config::default() };
        let address = url("https://u:p@house.example:8443");
        let error = connect("warehouse.url", Some(&address), None, &missing).map(|_| ()).unwrap_err();
        assert_eq!((error.kind(), error.detail_text()), (Kind::Config, Some("/nowhere/ca.pem")));
    }

    #[test]
    fn a_wrong_url_is_refused_without_its_password() {
        refuses(None, None);
        refuses(Some(&url("http://u:hunter2@h:8123/?database=x")), None);
        refuses(Some(&url("clickhouse://u:hunter2@h:9000")), None);
        assert!(connect("warehouse.url", Some(&url("http://u:p@h:8123")), None, &Config::default()).is_ok());
    }

    #[test]
    fn a_password_comes_from_its_file_and_not_from_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let of = |file: &Path| password("warehouse.url", url("http://u:url@h").expose_secret(), Some(file));
        refuses(Some(&url("http://u@h")), Some(&file));
        std::fs::write(&file, "from file\n").unwrap();
        assert_eq!(of(&file).unwrap().unwrap().expose_secret(), "from file");
        std::fs::write(&file, "\n").unwrap();
        refuses(Some(&url("http://u@h")), Some(&file));
        let encoded = url("http://u:p%40ss@h");
        assert_eq!(password("k", encoded.expose_secret(), None).unwrap().unwrap().expose_secret(), "p@ss");
    }

    #[tokio::test]
    async fn a_closed_port_is_unreachable() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = connect(
            "warehouse.url",
            Some(&url(&format!("http://u:p@127.0.0.1:{port}"))),
            None,
            &Config::default(),
        )
        .unwrap();
        assert_eq!(ping(&client).await.unwrap_err().kind(), Kind::Unreachable);
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_unreachable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://u:p@{}", listener.local_addr().unwrap());
        let client = connect("warehouse.url", Some(&url(&address)), None, &Config::default()).unwrap();
        let answer = client.query_raw("SELECT 1").fetch_one::<u8>();
        let error = within(Duration::from_millis(50), "waiting", answer).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unreachable);
    }
}
