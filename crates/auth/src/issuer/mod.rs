//! The demo's OpenID Connect issuer: discovery, key set and tokens for five known accounts on loopback.
//!
//! It gives the Reports API the same way to its keys as Keycloak does, so that the demo runs the production
//! path. It knows public passwords only, which is why it starts nowhere but in a demo: see [`DemoMode`].

pub mod accounts;
pub mod client;
pub(crate) mod key;
mod routes;
mod token;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Config;
use key::SigningKey;
use token::Minter;

/// The realm of the original design.
pub const REALM: &str = "reports-realm";

/// The path of the issuer's URL.
const REALM_PATH: &str = "/realms/reports-realm";

/// Proof that a demo runs, without which no issuer starts. Only `bionicpro demo` and tests may enter it.
#[derive(Debug)]
pub struct DemoMode {
    configured_issuer: Option<String>,
    audience: String,
}

impl DemoMode {
    /// Enters demo mode, unless the configuration names an issuer that is not on this machine.
    pub fn enter(config: &Config) -> Result<Self> {
        let configured_issuer = config.issuer.clone().filter(|issuer| !issuer.is_empty());
        let elsewhere = configured_issuer
            .as_deref()
            .filter(|issuer| !url::Url::parse(issuer).is_ok_and(|url| crate::keys::fetch::is_loopback(&url)));
        match elsewhere {
            Some(issuer) => Err(other_issuer(issuer)),
            None => Ok(DemoMode { configured_issuer, audience: config.audience.clone() }),
        }
    }
}

/// How the issuer starts.
#[derive(Debug, Clone)]
pub struct IssuerOptions {
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the signing key is kept, so that tokens outlive a restart; none makes a new key each time.
    pub key_file: Option<PathBuf>,
}

/// A running issuer; dropping it stops it at once.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    address: SocketAddr,
    minter: Arc<Minter>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Issuer {
    /// Starts the issuer and returns when it can be asked.
    ///
    /// Fails with [`Kind::Config`] for an address that is not loopback, for a port in use, and when the
    /// configuration names another issuer than the one that would start.
    pub async fn start(demo: DemoMode, options: IssuerOptions) -> Result<Self> {
        if !options.listen.ip().is_loopback() {
            return Err(Error::new(Kind::Config, "the demo issuer listens on loopback only")
                .detail(options.listen.to_string())
                .hint("its passwords are public: use an address such as 127.0.0.1:8080"));
        }
        let key = tokio::task::spawn_blocking(move || match options.key_file {
            Some(path) => SigningKey::load_or_generate(&path),
            None => SigningKey::generate(),
        })
        .await
        .map_err(|error| Error::new(Kind::Internal, "the signing key could not be made").source(error))??;
        let listener = TcpListener::bind(options.listen).await.map_err(|error| {
            Error::new(Kind::Config, "the demo issuer cannot listen")
                .detail(options.listen.to_string())
                .source(error)
                .hint("another program has the port: choose another one, or stop that program")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Error::new(Kind::Internal, "the demo issuer has no address").source(error))?;
        let url = format!("http://{address}{REALM_PATH}");
        if let Some(configured) = demo.configured_issuer.filter(|configured| *configured != url) {
            return Err(other_issuer(&configured));
        }
        let minter = Arc::new(Minter::new(url.clone(), demo.audience, key));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, routes::router(minter.clone())).with_graceful_shutdown(async {
            // An error means that the issuer was dropped, which stops it as well.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(error = &error as &dyn std::error::Error, "the demo issuer stopped");
            }
        });
        Ok(Issuer { url, address, minter, stop: Some(stop), server })
    }

    /// The issuer's URL: the `iss` of its tokens, and what `oidc.issuer` must be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An access token for a demo account, without a password: for the process that holds the issuer.
    pub fn mint(&self, username: &str) -> Result<String> {
        let account = accounts::find(username).ok_or_else(|| {
            Error::new(Kind::Usage, "not a demo account").hint(format!("use one of {}", accounts::names()))
        })?;
        self.minter.access_token(account).map(|token| token.access_token)
    }

    /// Answers what is under way, then stops.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server has ended by itself.
            let _ = stop.send(());
        }
        let _ = (&mut self.server).await;
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn other_issuer(configured: &str) -> Error {
    Error::new(Kind::Config, "the demo has an issuer of its own, and the configuration names another one")
        .detail(configured)
        .hint("leave oidc.issuer (BIONICPRO_OIDC_ISSUER) unset for the demo, or run `bionicpro serve api` with that issuer")
}
