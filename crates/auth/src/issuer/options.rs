//! How the demo issuer starts, and what it knows of the one client that people sign in for.

use std::net::SocketAddr;
use std::path::PathBuf;

use bionicpro_model::{Error, Kind, Result, Secret};
use url::Url;

use crate::Clock;
use crate::keys::fetch::is_loopback;

/// How long an access token from a sign-in lives unless told otherwise, in seconds; as in the Keycloak realm.
const ACCESS_TOKEN_LIFE_S: u32 = 300;

/// How the issuer starts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IssuerOptions {
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the signing key is kept, so that tokens outlive a restart; none makes a new key each time.
    pub key_file: Option<PathBuf>,
    /// The client that people sign in for; without one nobody can sign in with a browser.
    pub client: Option<ClientOptions>,
    /// The clock that sessions, codes and tokens follow.
    pub clock: Clock,
}

impl IssuerOptions {
    /// An issuer without a client to sign in for, with a new key and the system's clock.
    pub fn new(listen: SocketAddr) -> Self {
        IssuerOptions { listen, key_file: None, client: None, clock: Clock::system() }
    }
}

/// The confidential client `bionicpro-auth`, as Keycloak's realm describes it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// What the client proves itself with.
    pub secret: Secret,
    /// Where an authorization code may be sent; compared as texts, without patterns.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after it has signed out; compared as texts.
    pub post_logout_redirect_uris: Vec<String>,
    /// Who is told that a session has ended (OpenID Connect Back-Channel Logout).
    pub back_channel_logout_url: Option<Url>,
    /// How long an access token from a sign-in lives, in seconds.
    pub access_token_life_s: u32,
}

impl ClientOptions {
    /// A client with a secret and one address for codes.
    pub fn new(secret: Secret, redirect_uri: impl Into<String>) -> Self {
        ClientOptions {
            secret,
            redirect_uris: vec![redirect_uri.into()],
            post_logout_redirect_uris: Vec::new(),
            back_channel_logout_url: None,
            access_token_life_s: ACCESS_TOKEN_LIFE_S,
        }
    }

    /// Refuses what would carry a demo's codes or tokens off this machine.
    pub(super) fn check(&self) -> Result<()> {
        let unfit = |what: &'static str| {
            Error::new(Kind::Config, "the demo issuer's client has an unfit setting")
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
