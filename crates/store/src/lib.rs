//! Small records that outlive a process and that replicas share: sessions, locks, login name bindings,
//! preferences.
//!
//! One contract over two back ends, chosen by `store.url`: a file on this machine, which several processes
//! may share, or a Redis server. Values are bytes; the caller decides what they mean and which of them must
//! be encrypted.

pub mod config;
mod file;
mod key;
mod redis;
#[cfg(feature = "testing")]
pub mod testing;

use std::sync::Arc;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};

pub use config::Config;
pub use key::Key;

/// The lifetime of a record. An expired record counts as absent in every call, and its bytes are removed soon
/// after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Kept until it is removed.
    Never,
    /// Expires after this time; less than a millisecond counts as one.
    In(Duration),
}

/// The store; clones share it.
///
/// Each call is atomic and takes effect before it returns, for every process that shares the store. A call
/// fails with [`Kind::Unreachable`] if the store does not answer; it is then unknown whether a change was
/// made.
#[derive(Debug, Clone)]
pub struct Store(Arc<Backend>);

#[derive(Debug)]
enum Backend {
    File(file::FileStore),
    Redis(redis::RedisStore),
}

/// Calls the same method of the configured back end.
macro_rules! ask {
    ($store:expr, $method:ident($($argument:expr),*)) => {
        match &*$store.0 {
            Backend::File(file) => file.$method($($argument),*).await,
            Backend::Redis(redis) => redis.$method($($argument),*).await,
        }
    };
}

impl Store {
    /// Opens the store. A missing folder is created; a Redis server does not have to be running yet.
    ///
    /// # Errors
    /// `Config` if `store.url` is missing or has another scheme, or if a file that it needs cannot be read;
    /// `Storage` if the folder cannot be used.
    pub async fn open(config: &Config) -> Result<Self> {
        const HINT: &str = "set store.url to file:///a/folder, redis://host:6379/0 or rediss://host:6379/0";
        let url = config.url_with_password()?.ok_or_else(|| {
            Error::new(Kind::Config, "the store is not configured").detail("store.url").hint(HINT)
        })?;
        let backend = match url.expose_secret().scheme() {
            "file" => Backend::File(file::FileStore::open(&url).await?),
            "redis" | "rediss" => Backend::Redis(redis::RedisStore::open(&url, config)?),
            _ => {
                return Err(Error::new(Kind::Config, "not a store URL").detail(url.to_string()).hint(HINT));
            }
        };
        Ok(Store(Arc::new(backend)))
    }

    /// Checks that the store answers.
    pub async fn ping(&self) -> Result<()> {
        ask!(self, ping())
    }

    /// The eviction policy as the back end names it, or `None` if it never evicts records. For `doctor`.
    pub async fn eviction(&self) -> Result<Option<String>> {
        match &*self.0 {
            Backend::File(_) => Ok(None),
            Backend::Redis(redis) => redis.eviction().await,
        }
    }

    /// The value at a key.
    pub async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        Ok(self.get_many(std::slice::from_ref(key)).await?.pop().flatten())
    }

    /// The values at several keys at one point in time, in the order of the keys.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        ask!(self, get_many(keys))
    }

    /// Stores a value, and replaces any existing one.
    pub async fn put(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<()> {
        ask!(self, put(key, value, expiry))
    }

    /// Stores a value if the key is absent; returns whether it did. Of several concurrent callers exactly one
    /// gets `true`.
    pub async fn put_if_absent(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<bool> {
        ask!(self, put_if_absent(key, value, expiry))
    }

    /// Replaces the expected value with a new one; returns whether it did. A removed record is not created
    /// again.
    pub async fn replace(&self, key: &Key, expected: &[u8], value: &[u8], expiry: Expiry) -> Result<bool> {
        ask!(self, replace(key, expected, value, expiry))
    }

    /// Removes a record; returns whether there was one. Of several concurrent callers exactly one gets
    /// `true`.
    pub async fn remove(&self, key: &Key) -> Result<bool> {
        ask!(self, remove(key))
    }

    /// Removes a record if it holds the expected value; returns whether it did.
    pub async fn remove_if(&self, key: &Key, expected: &[u8]) -> Result<bool> {
        ask!(self, remove_if(key, expected))
    }

    /// Adds a member to a set, with an expiry of its own; an existing member gets the new expiry.
    pub async fn add_member(&self, set: &Key, member: &str, keep: Duration) -> Result<()> {
        ask!(self, add_member(set, member, keep))
    }

    /// Removes a member from a set.
    pub async fn remove_member(&self, set: &Key, member: &str) -> Result<()> {
        ask!(self, remove_member(set, member))
    }

    /// The members of a set, in no particular order; empty if nothing was added to it.
    pub async fn members(&self, set: &Key) -> Result<Vec<String>> {
        ask!(self, members(set))
    }
}
