//! The demo's OpenID Connect provider: a sign-in page and tokens for five known accounts, on loopback.
//!
//! It replaces Keycloak, under the same paths and by the same rules (codes with PKCE, rotating refresh
//! tokens, sessions of its own, sign-out in both directions), so that the demo runs the production path. All
//! its passwords are public, so it starts only in a demo: see [`DemoMode`]. It never requires a second
//! factor, not even for administrators.

pub mod accounts;
mod answer;
mod authorize;
mod back_channel;
pub mod client;
mod client_auth;
mod cookies;
mod end_session;
mod exchange;
mod fields;
mod options;
mod page;
#[cfg(feature = "testing")]
pub mod pause;
mod provider;
mod random;
mod revoke;
mod routes;
mod session;
mod sign_in;
mod token;
mod ttl_map;
use std::net::SocketAddr;
use std::sync::Arc;

use bionicpro_auth::Config;
use bionicpro_auth::signing::SigningKey;
use bionicpro_edge::{Limits, Listen, Listener};
use bionicpro_model::{Error, Kind, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use accounts::Account;
pub use options::{ClientOptions, IssuerOptions};
use provider::Provider;
use token::{Grant, Minter};

/// The realm of the original design.
pub const REALM: &str = "reports-realm";

/// The path of the issuer's URL.
const REALM_PATH: &str = "/realms/reports-realm";

/// Proof that a demo is running, without which no issuer starts. Only `bionicpro demo` and tests may create
/// it.
#[derive(Debug)]
pub struct DemoMode {
    configured_issuer: Option<String>,
    audience: String,
}

impl DemoMode {
    /// Enters demo mode; fails if the configuration names an issuer that is not on this machine.
    pub fn enter(config: &Config) -> Result<Self> {
        let configured_issuer = config.issuer.clone().filter(|issuer| !issuer.is_empty());
        let elsewhere = configured_issuer
            .as_deref()
            .filter(|issuer| !url::Url::parse(issuer).is_ok_and(|url| bionicpro_auth::is_loopback(&url)));
        match elsewhere {
            Some(issuer) => Err(other_issuer(issuer)),
            None => Ok(DemoMode { configured_issuer, audience: config.audience.clone() }),
        }
    }
}

/// A running issuer; dropping it stops it at once.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    address: SocketAddr,
    provider: Arc<Provider>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Issuer {
    /// Starts the issuer and returns when it accepts requests.
    ///
    /// Fails with [`Kind::Config`] for an address that is not loopback, for a port in use, and if the
    /// configuration names an issuer other than the one to be started. Sessions live as long as the issuer
    /// does.
    pub async fn start(demo: DemoMode, options: IssuerOptions) -> Result<Self> {
        if !options.listen.ip().is_loopback() {
            return Err(Error::new(Kind::Config, "the demo issuer listens on loopback only")
                .detail(options.listen.to_string())
                .hint("its passwords are public: use an address such as 127.0.0.1:8080"));
        }
        options.client.as_ref().map_or(Ok(()), ClientOptions::check)?;
        let key_file = options.key_file;
        let key = tokio::task::spawn_blocking(move || match key_file {
            Some(path) => SigningKey::load_or_generate(&path),
            None => SigningKey::generate(),
        })
        .await
        .map_err(|error| Error::new(Kind::Internal, "cannot create the signing key").source(error))??;
        let listen = Listen::new("issuer", "listen", "--issuer-port", options.listen);
        // A sign-out carries an ID token in its query.
        let limits = Limits { target_bytes: 8 * 1024, ..listen.limits };
        let listener = Listener::bind(Listen { limits, ..listen }).await?;
        let address = listener.local_addr();
        let url = format!("http://{address}{REALM_PATH}");
        if let Some(configured) = demo.configured_issuer.filter(|configured| *configured != url) {
            return Err(other_issuer(&configured));
        }
        let minter = Minter::new(url.clone(), demo.audience, key)?;
        let provider = Arc::new(Provider::new(minter, options.client, options.clock)?);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = listener.serve(routes::edge(provider.clone()), async {
            // An error means that the issuer was dropped, which stops it as well.
            let _ = stopped.await;
        });
        let server = tokio::spawn(serving);
        Ok(Issuer { url, address, provider, stop: Some(stop), server })
    }

    /// The issuer's URL: the `iss` of its tokens, and the required value of `oidc.issuer`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Signs an access token for a demo account, without a password, for the process that runs the issuer.
    pub fn mint(&self, username: &str) -> Result<String> {
        let now_s = self.provider.now_s();
        let grant = Grant { account: account(username)?, session: Uuid::new_v4(), signed_in_s: now_s, now_s };
        self.provider.minter.access_token(grant, exchange::BY_HAND_LIFE_S)
    }

    /// Ends all sessions of a demo account, as an administrator does in Keycloak, and notifies the client.
    pub async fn end_sessions(&self, username: &str) -> Result<()> {
        self.provider.end_sessions_of(account(username)?).await;
        Ok(())
    }

    /// Signs any header and claims with the issuer's key, whose id is added to the header.
    #[cfg(feature = "testing")]
    pub fn sign(&self, mut header: serde_json::Value, claims: &serde_json::Value) -> Result<String> {
        let document = self.provider.minter.key_set();
        header["kid"] = document["keys"][0]["kid"].clone();
        self.provider.minter.sign(&header, claims)
    }

    /// Holds exchanges at the token endpoint until the returned value is dropped.
    #[cfg(feature = "testing")]
    pub fn pause(&self, at: pause::PausePoint) -> pause::Paused<'_> {
        self.provider.pause.begin(at)
    }

    /// Answers the requests in progress, then stops.
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

fn account(username: &str) -> Result<&'static Account> {
    accounts::find(username).ok_or_else(|| {
        Error::new(Kind::Usage, "not a demo account").hint(format!("use one of {}", accounts::names()))
    })
}

fn other_issuer(configured: &str) -> Error {
    Error::new(Kind::Config, "the demo runs its own issuer, but the configuration names another one")
        .detail(configured)
        .hint("leave oidc.issuer (BIONICPRO_OIDC_ISSUER) unset for the demo, or run `bionicpro serve api` with that issuer")
}
