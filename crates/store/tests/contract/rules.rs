//! One function per guarantee of the contract.

use std::time::Duration;

use bionicpro_store::{Expiry, Key, Store};
use futures_util::future::join_all;

use crate::Place;

const LONG: Expiry = Expiry::In(Duration::from_secs(60));
const SHORT: Duration = Duration::from_millis(40);

fn key(id: &str) -> Key {
    Key::new("test", id)
}

async fn replicas(place: &Place) -> [Store; 2] {
    [place.open().await, place.open().await]
}

async fn pass(time: Duration) {
    tokio::time::sleep(time + Duration::from_millis(20)).await;
}

/// Counts the winners among 40 concurrent calls, spread over two replicas.
async fn winners<F: Future<Output = bool> + Send + 'static>(
    place: &Place,
    call: impl Fn(Store, usize) -> F,
) -> usize {
    let replicas = replicas(place).await;
    let calls = (0..40).map(|number| tokio::spawn(call(replicas[number % 2].clone(), number)));
    join_all(calls).await.into_iter().filter(|won| *won.as_ref().unwrap()).count()
}

pub(crate) async fn what_is_put_is_seen_by_every_replica(place: &Place) {
    let [one, other] = replicas(place).await;
    one.ping().await.unwrap();
    assert_eq!(other.get(&key("a")).await.unwrap(), None);
    one.put(&key("a"), b"first", LONG).await.unwrap();
    assert_eq!(other.get(&key("a")).await.unwrap().unwrap(), b"first");
    other.put(&key("a"), b"second", Expiry::Never).await.unwrap();
    let both = one.get_many(&[key("b"), key("a")]).await.unwrap();
    assert_eq!(both, [None, Some(b"second".to_vec())]);
    assert_eq!(one.get(&Key::new("other-space", "a")).await.unwrap(), None);
    assert_eq!(one.get_many(&[]).await.unwrap(), Vec::<Option<Vec<u8>>>::new());
}

pub(crate) async fn any_bytes_and_any_id_come_back_as_they_were(place: &Place) {
    let store = place.open().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for id in ["", "иван:петров", "' OR 1=1 --", "a\nb\0c", "{x}*?[a]"] {
        store.put(&key(id), &bytes, LONG).await.unwrap();
        assert_eq!(store.get(&key(id)).await.unwrap().as_ref(), Some(&bytes), "{id:?}");
    }
    assert_eq!(store.get(&key("Иван:петров")).await.unwrap(), None, "ids are compared exactly");
    store.put(&key("empty"), b"", LONG).await.unwrap();
    assert_eq!(store.get(&key("empty")).await.unwrap().unwrap(), b"");
}

pub(crate) async fn an_expired_record_is_as_if_it_had_never_been(place: &Place) {
    let store = place.open().await;
    let gone = key("gone");
    store.put(&gone, b"old", Expiry::In(SHORT)).await.unwrap();
    assert!(!store.put_if_absent(&gone, b"new", LONG).await.unwrap());
    pass(SHORT).await;
    assert_eq!(store.get(&gone).await.unwrap(), None);
    assert!(!store.replace(&gone, b"old", b"new", LONG).await.unwrap());
    assert!(!store.remove_if(&gone, b"old").await.unwrap());
    assert!(!store.remove(&gone).await.unwrap());
    assert!(store.put_if_absent(&gone, b"new", LONG).await.unwrap());
}

pub(crate) async fn a_new_value_brings_its_own_expiry(place: &Place) {
    let store = place.open().await;
    store.put(&key("a"), b"1", Expiry::In(SHORT)).await.unwrap();
    store.put(&key("a"), b"2", Expiry::Never).await.unwrap();
    store.put(&key("b"), b"1", Expiry::In(SHORT)).await.unwrap();
    assert!(store.replace(&key("b"), b"1", b"2", Expiry::Never).await.unwrap());
    store.put(&key("c"), b"1", Expiry::Never).await.unwrap();
    assert!(store.replace(&key("c"), b"1", b"2", Expiry::In(SHORT)).await.unwrap());
    pass(SHORT).await;
    let values = store.get_many(&[key("a"), key("b"), key("c")]).await.unwrap();
    assert_eq!(values, [Some(b"2".to_vec()), Some(b"2".to_vec()), None]);
}

pub(crate) async fn of_many_first_puts_exactly_one_wins(place: &Place) {
    let won = winners(place, async |store, number| {
        let value = number.to_string();
        let won = store.put_if_absent(&key("name"), value.as_bytes(), Expiry::Never).await.unwrap();
        let bound = store.get(&key("name")).await.unwrap().unwrap();
        assert_eq!(won, bound == value.as_bytes());
        won
    });
    assert_eq!(won.await, 1);
}

pub(crate) async fn of_many_replacements_exactly_one_wins(place: &Place) {
    place.open().await.put(&key("a"), b"old", LONG).await.unwrap();
    let won = winners(place, async |store, number| {
        store.replace(&key("a"), b"old", number.to_string().as_bytes(), LONG).await.unwrap()
    });
    assert_eq!(won.await, 1);
}

pub(crate) async fn a_record_that_is_gone_is_not_replaced(place: &Place) {
    let store = place.open().await;
    store.put(&key("a"), b"old", LONG).await.unwrap();
    assert!(store.remove(&key("a")).await.unwrap());
    assert!(!store.replace(&key("a"), b"old", b"new", LONG).await.unwrap());
    assert_eq!(store.get(&key("a")).await.unwrap(), None);
}

pub(crate) async fn of_many_removals_exactly_one_is_told(place: &Place) {
    place.open().await.put(&key("a"), b"once", LONG).await.unwrap();
    let won = winners(place, async |store, _| store.remove(&key("a")).await.unwrap());
    assert_eq!(won.await, 1);
}

pub(crate) async fn a_record_is_removed_only_while_it_holds_the_expected_value(place: &Place) {
    let store = place.open().await;
    store.put(&key("a"), b"mine", LONG).await.unwrap();
    assert!(!store.remove_if(&key("a"), b"yours").await.unwrap());
    assert!(store.remove_if(&key("a"), b"mine").await.unwrap());
    assert!(!store.remove_if(&key("a"), b"mine").await.unwrap());
}

pub(crate) async fn a_lock_passes_to_the_next_when_its_holder_is_dead(place: &Place) {
    let [dead, next] = replicas(place).await;
    let lock = key("lock");
    assert!(dead.put_if_absent(&lock, b"dead", Expiry::In(SHORT)).await.unwrap());
    assert!(!next.put_if_absent(&lock, b"next", LONG).await.unwrap());
    pass(SHORT).await;
    assert!(next.put_if_absent(&lock, b"next", LONG).await.unwrap());
    // A holder that was only slow does not release the lock of the next one.
    assert!(!dead.remove_if(&lock, b"dead").await.unwrap());
    assert!(next.remove_if(&lock, b"next").await.unwrap());
}

pub(crate) async fn members_come_and_go_one_by_one(place: &Place) {
    let [one, other] = replicas(place).await;
    let set = key("set");
    assert!(one.members(&set).await.unwrap().is_empty());
    one.add_member(&set, "long", Duration::from_secs(60)).await.unwrap();
    other.add_member(&set, "short", SHORT).await.unwrap();
    other.add_member(&set, "renewed", SHORT).await.unwrap();
    one.add_member(&set, "renewed", Duration::from_secs(60)).await.unwrap();
    one.add_member(&set, "out", Duration::from_secs(60)).await.unwrap();
    other.remove_member(&set, "out").await.unwrap();
    other.remove_member(&set, "never in").await.unwrap();
    pass(SHORT).await;
    let mut members = other.members(&set).await.unwrap();
    members.sort();
    assert_eq!(members, ["long", "renewed"]);
    assert!(one.members(&key("another set")).await.unwrap().is_empty());
}

pub(crate) async fn many_members_added_at_once_are_all_there(place: &Place) {
    let added = winners(place, async |store, number| {
        store.add_member(&key("set"), &number.to_string(), Duration::from_secs(60)).await.is_ok()
    });
    assert_eq!(added.await, 40);
    assert_eq!(place.open().await.members(&key("set")).await.unwrap().len(), 40);
}
