//! The contract of the store: the same tests over a file and over a real Redis server. If `redis-server` is
//! not installed, the Redis tests print "skipped".
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by a panic")]

mod rules;
mod server;

use bionicpro_model::SecretUrl;
use bionicpro_store::testing::RedisServer;
use bionicpro_store::{Config, Store};

/// The store of a single test.
struct Place {
    config: Config,
    _folder: Option<tempfile::TempDir>,
    _server: Option<RedisServer>,
}

impl Place {
    fn file() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = url::Url::from_directory_path(folder.path()).unwrap();
        Some(Place { config: config(url.as_str()), _folder: Some(folder), _server: None })
    }

    fn redis() -> Option<Self> {
        let server = RedisServer::start()?;
        let config = Config { url: Some(server.url()), ..Config::default() };
        Some(Place { config, _folder: None, _server: Some(server) })
    }

    /// Opens one more replica, with its own connections to the same store.
    async fn open(&self) -> Store {
        Store::open(&self.config).await.unwrap()
    }
}

fn config(url: &str) -> Config {
    Config { url: Some(SecretUrl::parse(url).unwrap()), ..Config::default() }
}

macro_rules! over_both {
    ($($rule:ident),+ $(,)?) => {
        mod file {
            $(#[tokio::test(flavor = "multi_thread")] async fn $rule() {
                let place = super::Place::file().unwrap();
                super::rules::$rule(&place).await;
            })+
        }

        mod redis {
            $(#[tokio::test(flavor = "multi_thread")] async fn $rule() {
                let Some(place) = super::Place::redis() else { return };
                super::rules::$rule(&place).await;
            })+
        }
    };
}

over_both![
    what_is_put_is_seen_by_every_replica,
    any_bytes_and_any_id_come_back_as_they_were,
    an_expired_record_is_as_if_it_had_never_been,
    a_new_value_brings_its_own_expiry,
    of_many_first_puts_exactly_one_wins,
    of_many_replacements_exactly_one_wins,
    a_record_that_is_gone_is_not_replaced,
    of_many_removals_exactly_one_is_told,
    a_record_is_removed_only_while_it_holds_the_expected_value,
    a_lock_passes_to_the_next_when_its_holder_is_dead,
    members_come_and_go_one_by_one,
    many_members_added_at_once_are_all_there,
];
