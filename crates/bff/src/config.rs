//! The configuration section `[bff]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bionicpro_disk::read_secret;
use bionicpro_edge::{Listen, ListenerConfig};
use bionicpro_model::{Error, Kind, Result, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The name of the section, also of its listener in metrics.
const SECTION: &str = "bff";

/// The service for browsers: sign-in, sessions, the web app, and the proxy to the Reports API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Hosts that requests may name in addition to that of `public_url`, as `name` or `name:port`: for the
    /// issuer's back channel and for health checks. On loopback the loopback names are always allowed.
    pub hosts: Vec<String>,
    /// The address that Prometheus metrics are served on; none disables them.
    pub metrics_listen: Option<SocketAddr>,
    /// The settings common to all services' listeners.
    #[serde(flatten)]
    pub listener: ListenerConfig,
    /// The address that browsers use, such as `https://reports.example.com`, without a path. `http` is
    /// allowed on loopback only, for trying things out: cookies are then set without `Secure` and without the
    /// prefix `__Host-`. Defaults to `http` and the listening address.
    pub public_url: Option<Url>,
    /// The address of the Reports API: `https`, or `http` on loopback.
    pub api_url: Url,
    /// The certificate authority of `api_url`, a file in PEM form. Defaults to those of this machine.
    pub api_ca_file: Option<PathBuf>,
    /// The client id for sign-in, as the issuer (`oidc.issuer`) knows it.
    pub client_id: String,
    /// A file with the client's secret.
    pub client_secret_file: Option<PathBuf>,
    /// Seconds without a request after which a session ends.
    pub idle_limit_s: u32,
    /// Seconds after which a session ends in any case.
    pub absolute_limit_s: u32,
    /// Sessions that a person may have at once. One more ends the oldest.
    pub sessions_per_person: u16,
    /// Sign-ins that one address may begin in a minute.
    pub sign_ins_per_minute: u32,
    /// Seconds after which a request fails with status 503.
    pub request_timeout_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            hosts: Vec::new(),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9465))),
            listener: ListenerConfig::default(),
            public_url: None,
            #[expect(clippy::unwrap_used, reason = "a constant")]
            api_url: Url::parse("http://127.0.0.1:8001").unwrap(),
            api_ca_file: None,
            client_id: "bionicpro-auth".to_owned(),
            client_secret_file: None,
            idle_limit_s: 15 * 60,
            absolute_limit_s: 8 * 3600,
            sessions_per_person: 10,
            sign_ins_per_minute: 60,
            request_timeout_s: 15,
        }
    }
}

impl Config {
    /// Rejects values that would lock everyone out or let tokens leave unencrypted.
    pub(crate) fn check(&self) -> Result<()> {
        let own = [
            ("idle_limit_s", self.idle_limit_s),
            ("absolute_limit_s", self.absolute_limit_s),
            ("sessions_per_person", self.sessions_per_person.into()),
            ("sign_ins_per_minute", self.sign_ins_per_minute),
            ("request_timeout_s", self.request_timeout_s),
        ];
        self.listener.check(SECTION, &own)?;
        if self.client_id.is_empty() {
            return Err(Error::new(Kind::Config, "the client id for sign-in is empty")
                .detail("bff.client_id")
                .hint("set it to the id that the issuer knows, or leave it out to get the default"));
        }
        match is_origin(&self.api_url) {
            true => Ok(()),
            false => Err(Error::new(Kind::Config, "tokens must not be sent to this address")
                .detail("bff.api_url")
                .hint("use https, or http on this machine's loopback address, without user, path, query and fragment")),
        }
    }

    /// Returns the address that browsers use, as they write it in `Origin`. `listening` is the bound address.
    pub(crate) fn origin(&self, listening: SocketAddr) -> Result<Origin> {
        let refused = |hint: &'static str| {
            Error::new(Kind::Config, "the address for browsers is missing or not allowed")
                .detail("bff.public_url")
                .hint(hint)
        };
        let url = match &self.public_url {
            Some(url) => url.clone(),
            None if listening.ip().is_loopback() => Url::parse(&format!("http://{listening}"))
                .map_err(|error| refused("set bff.public_url").source(error))?,
            None => return Err(refused("set bff.public_url to the https address that browsers use")),
        };
        match is_origin(&url) {
            true => {
                Ok(Origin { text: url.origin().ascii_serialization(), is_secure: url.scheme() == "https" })
            }
            false => Err(refused(
                "use https, or http on this machine's loopback address, without user, path, query and fragment",
            )),
        }
    }

    /// Returns the configuration of the listener.
    pub(crate) fn listen(&self) -> Listen {
        let own = self.public_url.as_ref().filter(|url| url.scheme() == "https");
        let own = own.and_then(|url| url.host_str()).map(str::to_owned);
        self.listener.listen(SECTION, self.listen, own.into_iter().chain(self.hosts.clone()).collect())
    }

    /// Returns the configuration of the metrics listener, if there is one.
    pub(crate) fn listen_for_metrics(&self) -> Option<Listen> {
        self.metrics_listen.map(|address| self.listener.listen_for_metrics(SECTION, address))
    }

    /// Returns the configuration of both listeners, for `doctor`.
    ///
    /// # Errors
    /// `Config` if a key of the section is invalid.
    pub fn listeners(&self) -> Result<Vec<Listen>> {
        self.check()?;
        Ok([Some(self.listen()), self.listen_for_metrics()].into_iter().flatten().collect())
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s.into())
    }

    /// Reads the client's secret.
    pub(crate) fn client_secret(&self) -> Result<Secret> {
        let file = self.client_secret_file.as_ref().ok_or_else(|| {
            Error::new(Kind::Config, "the BFF has no client secret").detail("bff.client_secret_file").hint(
                "set it to a file with the secret of bff.client_id; the issuer shows it in the client's settings",
            )
        })?;
        read_secret("bff.client_secret_file", file)
    }
}

/// The address that browsers use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Scheme, host and port, as browsers write it.
    pub(crate) text: String,
    /// True if browsers use https.
    pub(crate) is_secure: bool,
}

/// Returns true for a scheme that keeps secrets, a host and an optional port, with nothing else.
fn is_origin(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    (url.scheme() == "https" || (url.scheme() == "http" && is_loopback))
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Option<String> {
        let config = Config { public_url: Some(url.parse().unwrap()), ..Config::default() };
        config.origin("127.0.0.1:8000".parse().unwrap()).ok().map(|origin| origin.text)
    }

    #[test]
    fn browsers_come_over_https_or_on_loopback() {
        assert_eq!(origin("https://Reports.example.com:443/").unwrap(), "https://reports.example.com");
        assert_eq!(origin("http://localhost:8000").unwrap(), "http://localhost:8000");
        for bad in [
            "http://reports.example.com",
            "https://reports.example.com/app",
            "https://user@reports.example.com",
            "https://reports.example.com/?a",
            "ftp://localhost",
            "http://localhost.example.com",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn without_an_address_for_browsers_it_is_the_loopback_address_or_an_error() {
        let config = Config::default();
        assert_eq!(config.origin("127.0.0.1:7".parse().unwrap()).unwrap().text, "http://127.0.0.1:7");
        let error = config.origin("0.0.0.0:7".parse().unwrap()).unwrap_err();
        assert!(error.report().contains("bff.public_url"));
    }

    #[test]
    fn tokens_do_not_leave_in_the_clear() {
        for bad in
            ["http://api.example.com:8001", "https://api.example.com/v1", "https://u:p@api.example.com"]
        {
            let config = Config { api_url: bad.parse().unwrap(), ..Config::default() };
            assert!(config.check().unwrap_err().report().contains("bff.api_url"), "{bad}");
        }
        assert!(Config::default().check().is_ok());
    }
}
