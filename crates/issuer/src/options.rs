//! The start options of the demo issuer, and the settings of the one client for which people sign in.
use std::net::SocketAddr;
use std::path::PathBuf;

use bionicpro_auth::Clock;
use bionicpro_auth::is_loopback;
use bionicpro_model::{Error, Kind, Result, Secret};
use url::Url;

/// Default lifetime of an access token from a sign-in, in seconds; as in the Keycloak realm.
const ACCESS_TOKEN_LIFE_S: u32 = 300;

/// The start options of the issuer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IssuerOptions {
    /// A loopback address; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The file of the signing key, so that tokens outlive a restart; `None` generates a new key each time.
    pub key_file: Option<PathBuf>,
    /// The client for which people sign in; without it, no sign-in with a browser is possible.
    pub client: Option<ClientOptions>,
    /// The clock for sessions, codes and tokens.
    pub clock: Clock,
}

impl IssuerOptions {
    /// Options for an issuer without a client, with a new key and the system's clock.
    pub fn new(listen: SocketAddr) -> Self {
        IssuerOptions { listen, key_file: None, client: None, clock: Clock::system() }
    }
}

/// The confidential client `bionicpro-auth`, as Keycloak's realm describes it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The secret by which the client authenticates.
    pub secret: Secret,
    /// The addresses to which an authorization code may be sent; compared as texts, without patterns.
    pub redirect_uris: Vec<String>,
    /// The addresses to which a browser may go after a sign-out; compared as texts.
    pub post_logout_redirect_uris: Vec<String>,
    /// The address that is notified of the end of a session (OpenID Connect Back-Channel Logout).
    pub back_channel_logout_url: Option<Url>,
    /// Lifetime of an access token from a sign-in, in seconds.
    pub access_token_life_s: u32,
}

impl ClientOptions {
    /// A client with a secret and one redirect address.
    pub fn new(secret: Secret, redirect_uri: impl Into<String>) -> Self {
        ClientOptions {
            secret,
            redirect_uris: vec![redirect_uri.into()],
            post_logout_redirect_uris: Vec::new(),
            back_channel_logout_url: None,
            access_token_life_s: ACCESS_TOKEN_LIFE_S,
        }
    }

    /// Refuses a short secret, and addresses that would send the demo's codes or tokens to another machine.
    pub(crate) fn check(&self) -> Result<()> {
        let unfit = |what: &'static str| {
            Error::new(Kind::Config, "the demo issuer's client has an invalid setting")
                .detail(what)
                .hint("use a secret of at least 16 characters and loopback addresses without a fragment")
        };
        if self.secret.expose_secret().len() < 16 {
            return Err(unfit("secret"));
        }
        let stays_here =
            |text: &str| Url::parse(text).is_ok_and(|url| is_loopback(&url) && url.fragment().is_none());
        if self.redirect_uris.is_empty() || !self.redirect_uris.iter().all(|uri| stays_here(uri)) {
            return Err(unfit("redirect_uris"));
        }
        if !self.post_logout_redirect_uris.iter().all(|uri| stays_here(uri)) {
            return Err(unfit("post_logout_redirect_uris"));
        }
        if self.back_channel_logout_url.as_ref().is_some_and(|url| !is_loopback(url)) {
            return Err(unfit("back_channel_logout_url"));
        }
        Ok(())
    }
}
