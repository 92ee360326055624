//! Unavailable dependencies, a store that was tampered with, and a BFF that is killed.

use bionicpro_store::{Expiry, Key, Store};

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn b19_without_the_store_nobody_is_anybody() {
    let Some(mut world) = World::builder().start_on_redis().await else { return };
    let mut browser = world.signed_in("ivan.petrov").await;
    assert_eq!(browser.get("/health/ready").await.status, 200);
    drop(world.redis.take());
    for path in ["/auth/me", "/api/reports", "/auth/sessions"] {
        assert_eq!(browser.get(path).await.status, 503, "{path}");
    }
    assert_eq!(browser.post("/auth/logout").await.status, 503, "a sign-out must not be reported as done");
    assert_eq!(browser.visit("/auth/login").await.status, 503);
    let ready = browser.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["dependencies"]["store"]), (503, &"unavailable".into()));
    assert_eq!(browser.get("/health/live").await.status, 200);
    assert!(world.upstream.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn b19_a_record_that_was_changed_or_moved_is_nobodys() {
    let world = World::start().await;
    let (mut ivan, mut john) = (world.signed_in("ivan.petrov").await, world.signed_in("john.mueller").await);
    let store = Store::open(&world.store_config).await.unwrap();
    let ids = [ivan.session_id(), john.session_id()];
    let keys = ids.map(|id| Key::new("session", &id));
    let records = store.get_many(&keys).await.unwrap();
    // One person's record in the place of the other's.
    store.put(&keys[0], records[1].as_ref().unwrap(), Expiry::Never).await.unwrap();
    assert_eq!(ivan.get("/auth/me").await.status, 401);
    let mut changed = records[0].clone().unwrap();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    store.put(&keys[0], &changed, Expiry::Never).await.unwrap();
    assert_eq!(ivan.get("/auth/me").await.status, 401);
    assert_eq!(john.get("/auth/me").await.status, 200);
    let life = Key::new("session-life", &john.session_id());
    let mut sealed = store.get(&life).await.unwrap().unwrap();
    sealed[20] ^= 1;
    store.put(&life, &sealed, Expiry::Never).await.unwrap();
    assert_eq!(john.get("/auth/me").await.status, 401, "nor a session of unknown age");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_while_the_issuer_is_away_says_so_and_works_afterwards() {
    let mut world = World::start().await;
    world.stop_issuer().await;
    let mut browser = world.browser();
    let page = browser.visit("/auth/login").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("Signing in does not work at the moment"), "{page:?}");
    assert_eq!(browser.get("/health/ready").await.json()["dependencies"]["issuer"], "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_away_is_503_and_the_session_stays() {
    let reserved = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let world = World::builder().before(address).start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    assert_eq!(browser.get("/api/reports").await.status, 503);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b33_a_refresh_that_was_cut_leaves_a_session_that_the_next_one_goes_on_with() {
    let world = World::start().await;
    let mut browser = world.signed_in("ivan.petrov").await;
    let store = Store::open(&world.store_config).await.unwrap();
    // The lock left behind by a replica that was killed while holding it.
    let lock = Key::new("session-refresh", &browser.session_id());
    let dead = Expiry::In(std::time::Duration::from_millis(400));
    assert!(store.put_if_absent(&lock, b"dead", dead).await.unwrap());
    world.clock.advance(301);
    assert_eq!(browser.get("/api/reports").await.status, 200);
    assert_eq!(world.upstream.take().len(), 1);
}
