//! An issuer, a store, the API behind, and one or more replicas of the BFF, all on one clock.

use std::net::{Ipv4Addr, SocketAddr};

use bionicpro_audit::Log;
use bionicpro_auth::testing::ManualClock;
use bionicpro_auth::{Clock, Config as OidcConfig};
use bionicpro_bff::{Config, Server};
use bionicpro_issuer::{ClientOptions, DemoMode, Issuer, IssuerOptions};
use bionicpro_model::{Secret, SecretUrl};
use bionicpro_store::testing::RedisServer;
use bionicpro_store::{Config as StoreConfig, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::{Browser, Upstream};

const SECRET: &str = "a secret: with + and %";

/// Everything that runs. Dropping it stops it.
pub(crate) struct World {
    pub(crate) issuer: Option<Issuer>,
    pub(crate) upstream: Upstream,
    pub(crate) clock: ManualClock,
    pub(crate) store_config: StoreConfig,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) redis: Option<RedisServer>,
    pub(crate) oidc: OidcConfig,
    pub(crate) config: Config,
    time: Clock,
    /// The address that browsers use, that of the first replica.
    pub(crate) origin: String,
    replicas: Vec<Replica>,
}

struct Replica {
    address: SocketAddr,
    server: JoinHandle<()>,
}

pub(crate) struct WorldBuilder {
    config: Config,
    api: Option<SocketAddr>,
    access_token_life_s: Option<u32>,
}

impl World {
    pub(crate) fn builder() -> WorldBuilder {
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            metrics_listen: None,
            sign_ins_per_minute: 100_000,
            ..Config::default()
        };
        WorldBuilder { config, api: None, access_token_life_s: None }
    }

    pub(crate) async fn start() -> World {
        World::builder().start().await
    }

    /// Starts one more replica on the same store. Returns its number.
    pub(crate) async fn replicate(&mut self) -> usize {
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: Some(self.origin.parse().unwrap()),
            ..self.config.clone()
        };
        self.run(&config).await
    }

    async fn run(&mut self, config: &Config) -> usize {
        let store = Store::open(&self.store_config).await.unwrap();
        let server = Server::bind_with_clock(config, &self.oidc, store, Log::none(), self.time.clone());
        let server = server.await.unwrap_or_else(|error| panic!("{}", error.report()));
        let address = server.local_addr();
        let server = tokio::spawn(server.run(std::future::pending()));
        self.replicas.push(Replica { address, server });
        self.replicas.len() - 1
    }

    /// Returns a new browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.origin, self.issuer_url())
    }

    /// Returns a browser in which the account has signed in.
    pub(crate) async fn signed_in(&self, account: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.sign_in(account, "/").await;
        assert_eq!(page.status, 303, "{page:?}");
        browser
    }

    /// Returns the address of a replica.
    pub(crate) fn replica(&self, number: usize) -> String {
        format!("http://{}", self.replicas[number].address)
    }

    /// Returns the time on the shared clock, in seconds since 1970.
    pub(crate) fn now_s(&self) -> i64 {
        self.time.unix_s()
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        self.issuer.as_ref().unwrap()
    }

    fn issuer_url(&self) -> &str {
        self.oidc.issuer.as_deref().unwrap()
    }

    /// Stops the issuer.
    pub(crate) async fn stop_issuer(&mut self) {
        self.issuer.take().unwrap().stop().await;
    }

    /// Returns everything that the store holds, as an intruder would copy it.
    pub(crate) fn dump(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path().join("store")).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for replica in &self.replicas {
            replica.server.abort();
        }
    }
}

impl WorldBuilder {
    pub(crate) fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Puts the real Reports API behind the BFF, in place of the recording server.
    pub(crate) fn before(mut self, api: SocketAddr) -> Self {
        self.api = Some(api);
        self
    }

    /// Sets the lifetime of access tokens.
    pub(crate) fn access_token_life_s(mut self, life_s: u32) -> Self {
        self.access_token_life_s = Some(life_s);
        self
    }

    /// Starts the world with sessions on a Redis server. `None` if Redis is not installed.
    pub(crate) async fn start_on_redis(self) -> Option<World> {
        let redis = RedisServer::start()?;
        Some(self.build(Some(redis)).await)
    }

    pub(crate) async fn start(self) -> World {
        self.build(None).await
    }

    #[expect(clippy::disallowed_methods, reason = "tests may start the issuer")]
    async fn build(self, redis: Option<RedisServer>) -> World {
        let (time, clock) = Clock::manual(chrono::Utc::now().timestamp());
        // The issuer must know the address for browsers before the BFF runs: a port that was free a moment
        // ago.
        let reserved = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let listen = reserved.local_addr().unwrap();
        drop(reserved);
        let origin = format!("http://{listen}");
        let mut client = ClientOptions::new(Secret::new(SECRET), format!("{origin}/auth/callback"));
        client.post_logout_redirect_uris = vec![format!("{origin}/signed-out")];
        client.access_token_life_s = self.access_token_life_s.unwrap_or(client.access_token_life_s);
        client.back_channel_logout_url =
            Some(Url::parse(&format!("{origin}/auth/backchannel-logout")).unwrap());
        let mut options = IssuerOptions::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        options.client = Some(client);
        options.clock = time.clone();
        let issuer = Issuer::start(DemoMode::enter(&OidcConfig::default()).unwrap(), options).await.unwrap();
        let oidc = OidcConfig { issuer: Some(issuer.url().to_owned()), ..OidcConfig::default() };

        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let upstream = Upstream::start().await;
        let api = self.api.unwrap_or(upstream.address);
        let config = Config {
            listen,
            api_url: format!("http://{api}").parse().unwrap(),
            client_secret_file: Some(secret),
            ..self.config
        };
        let file = Url::from_directory_path(folder.path().join("store")).unwrap();
        let url = redis.as_ref().map_or_else(|| SecretUrl::parse(file.as_str()).unwrap(), RedisServer::url);
        let mut world = World {
            issuer: Some(issuer),
            upstream,
            clock,
            store_config: StoreConfig { url: Some(url), ..StoreConfig::default() },
            folder,
            redis,
            oidc,
            config: config.clone(),
            time,
            origin,
            replicas: Vec::new(),
        };
        world.run(&config).await;
        world
    }
}
