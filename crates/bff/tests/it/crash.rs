//! A replica that is killed. It is a separate process: this test binary, started with the configuration of a
//! replica.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bionicpro_audit::Log;
use bionicpro_bff::{Config, Server};
use bionicpro_issuer::pause::PausePoint;
use bionicpro_store::Store;

use crate::support::{Browser, World};

/// The environment variable with a replica's configuration, as JSON.
const CONFIGURATION: &str = "BIONICPRO_TEST_REPLICA";

#[test]
#[ignore = "not a test: the replica that the tests of this file start and kill"]
fn a_replica() {
    let Ok(text) = std::env::var(CONFIGURATION) else { return };
    let (config, oidc, store) = serde_json::from_str(&text).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&store).await.unwrap();
        Server::bind(&config, &oidc, store, Log::none()).await.unwrap().run(std::future::pending()).await;
    });
}

/// A running replica. Dropping it kills it as `kill -9` does.
struct Replica {
    address: SocketAddr,
    process: Child,
}

impl Replica {
    fn start(world: &World) -> Self {
        let reserved = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = reserved.local_addr().unwrap();
        drop(reserved);
        let public_url = Some(world.origin.parse().unwrap());
        let config = Config { listen: address, public_url, ..world.config.clone() };
        let configuration = serde_json::to_string(&(config, &world.oidc, &world.store_config)).unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::a_replica", "--ignored"])
            .env(CONFIGURATION, configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let replica = Replica { address, process };
        let start = std::time::Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "the replica does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        replica
    }

    /// Returns the URL with this replica's address in place of the first one's.
    fn here(&self, world: &World, url: &str) -> String {
        url.replace(&world.origin, &format!("http://{}", self.address))
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b33_a_sign_in_outlives_the_replica_that_began_it() {
    let world = World::start().await;
    let mut browser = world.browser();
    let first = Replica::start(&world);
    let page = browser.visit_at(&first.here(&world, &world.origin), "/auth/login?return_to=/trends").await;
    let callback = browser.go_on_at_issuer(&page, "ivan.petrov").await;
    drop(first);
    let second = Replica::start(&world);
    let page = browser.come_back(&second.here(&world, &callback)).await;
    assert_eq!((page.status, page.location()), (303, "/trends"));
    drop(second);
    assert_eq!(browser.get("/auth/me").await.status, 200, "and so does the session");
}

#[tokio::test(flavor = "multi_thread")]
async fn b33_a_replica_killed_at_any_moment_leaves_no_half_session() {
    let world = World::start().await;
    for round in 0..12 {
        let mut browser = world.browser();
        let replica = Replica::start(&world);
        let callback = browser.go_to_issuer("ivan.petrov", "/").await;
        let there = replica.here(&world, &callback);
        let mut returning = browser.clone();
        // The connection is cut somewhere between the first byte and the last.
        let coming_back = tokio::spawn(async move {
            let page = returning.try_come_back(&there).await;
            (page, returning)
        });
        tokio::time::sleep(Duration::from_millis(round * 2)).await;
        drop(replica);
        let (page, mut returned) = coming_back.await.unwrap();
        if let Some(page) = page {
            assert!([303, 503].contains(&page.status), "{page:?}");
            let expected = if page.status == 303 { 200 } else { 401 };
            assert_eq!(returned.get("/auth/me").await.status, expected, "round {round}");
        }
        assert_eq!(
            browser.sign_in("ivan.petrov", "/").await.status,
            303,
            "round {round}: they can sign in again"
        );
        let list = browser.get("/auth/sessions").await;
        assert_eq!(list.status, 200, "round {round}: {list:?}");
    }
}

/// A lifetime of access tokens so short that they are renewed at every request and cannot be used in the
/// meantime.
const SHORT_LIFE_S: u32 = 4;

/// Kills a replica while the issuer holds its refresh. Returns the person's browser and a replica that was
/// started afterwards.
async fn killed_in_a_refresh(world: &World, at: PausePoint) -> (Browser, Replica) {
    let browser = world.signed_in("ivan.petrov").await;
    let paused = world.issuer().pause(at);
    let mut first = Replica::start(world);
    let killed = async {
        paused.until_held(1).await;
        first.process.kill().unwrap();
        // The issuer has seen the connection end: work that it had not begun, it does not begin.
        paused.until_held(0).await;
    };
    let asked = ask_for_reports(first.address, &browser);
    let (answer, ()) = tokio::join!(asked, killed);
    assert_eq!(answer, None, "it could not answer any more");
    (browser, Replica::start(world))
}

/// Returns the status of a request for reports at a replica; `None` if the connection is cut.
async fn ask_for_reports(replica: SocketAddr, browser: &Browser) -> Option<u16> {
    let url = format!("http://{replica}/api/reports");
    browser.clone().try_get(&url).await.map(|page| page.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn b33_a_refresh_that_the_issuer_had_not_begun_is_made_again_by_the_next_replica() {
    let world = World::builder().access_token_life_s(SHORT_LIFE_S).start().await;
    let (browser, second) = killed_in_a_refresh(&world, PausePoint::BeforeGrant).await;
    for request in ["waits until the lock of the dead one has ended", "finds nothing locked"] {
        assert_eq!(ask_for_reports(second.address, &browser).await, Some(200), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b33_a_refresh_whose_answer_is_lost_asks_the_person_to_sign_in_again() {
    let world = World::builder().access_token_life_s(SHORT_LIFE_S).start().await;
    let (mut browser, second) = killed_in_a_refresh(&world, PausePoint::AfterGrant).await;
    assert_eq!(ask_for_reports(second.address, &browser).await, Some(401), "the token was used up");
    assert_eq!(browser.get("/auth/me").await.status, 401, "it is no session any more, nowhere");
    assert_eq!(browser.sign_in("ivan.petrov", "/").await.status, 303);
    assert_eq!(ask_for_reports(second.address, &browser).await, Some(200));
    let list = browser.get("/auth/sessions").await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1, "nothing is left of the old one");
}
