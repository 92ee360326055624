//! Small records that outlive a process and that replicas share: sessions, locks, bindings of names, preferences.
//!
//! One contract over two back ends, chosen by `store.url`: a file on this machine, which several processes may share, or
//! a Redis server. Values are bytes; what they mean, and what of them must be encrypted, is for whoever puts them.

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

/// How long a record stays. One that has expired is as if it had never been, and its bytes are removed soon after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Until it is removed.
    Never,
    /// This long from now; less than a millisecond counts as one.
    In(Duration),
}

/// The store; clones share it.
///
/// Each call is atomic and takes effect before it returns, for every process that shares the store. A call fails with
/// [`Kind::Unreachable`] when the store does not answer; whether a change was made is then unknown.
#[derive(Debug, Clone)]
pub struct Store(Arc<Backend>);

#[derive(Debug)]
enum Backend {
    File(file::FileStore),
    Redis(redis::RedisStore),
}

/// Calls the same method of whichever back end it is.
macro_rules! ask {
    ($store:expr, $method:ident($($argument:expr),*)) => {
        match &*$store.0 {
            Backend::File(file) => file.$method($($argument),*).await,
            Backend::Redis(redis) => redis.$method($($argument),*).await,
        }
    };
}

impl Store {
    /// Opens the store. A folder is made when it is missing; a Redis server does not have to be up yet.
    ///
    /// # Errors
    /// `Config` when `store.url` is missing or of another scheme, or a file that it needs cannot be read; `Storage`
    /// when the folder cannot be used.
    pub async fn open(config: &Config) -> Result<Self> {
        const HINT: &str = "set store.url to file:///a/folder, redis://host:6379/0 or rediss://host:6379/0";
        let url = config.url_with_password()?.ok_or_else(|| {
            Error::new(Kind::Config, "the store is not configured").detail("store.url").hint(HINT)
        })?;
        let backend = match url.expose_secret().scheme() {
            "file" => Backend::File(file::FileStore::open(&url).await?),
            "redis" | "rediss" => Backend::Redis(redis::RedisStore::open(&url, config)?),
            _ => {
                return Err(Error::new(Kind::Config, "not a store").detail(url.to_string()).hint(HINT));
            }
        };
        Ok(Store(Arc::new(backend)))
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<()> {
        ask!(self, ping())
    }

    /// What the back end may do to records to make room, in its own word; none where it keeps all of them. For `doctor`.
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

    /// The values at several keys as they were at one moment, in the order of the keys.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        ask!(self, get_many(keys))
    }

    /// Puts a value, whatever was there.
    pub async fn put(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<()> {
        ask!(self, put(key, value, expiry))
    }

    /// Puts a value where there is none; tells whether it did. Of several callers at once exactly one is told so.
    pub async fn put_if_absent(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<bool> {
        ask!(self, put_if_absent(key, value, expiry))
    }

    /// Puts a value in the place of the expected one; tells whether it did. A record that is gone stays gone.
    pub async fn replace(&self, key: &Key, expected: &[u8], value: &[u8], expiry: Expiry) -> Result<bool> {
        ask!(self, replace(key, expected, value, expiry))
    }

    /// Removes a record; tells whether there was one. Of several callers at once exactly one is told so.
    pub async fn remove(&self, key: &Key) -> Result<bool> {
        ask!(self, remove(key))
    }

    /// Removes a record if it holds the expected value; tells whether it did.
    pub async fn remove_if(&self, key: &Key, expected: &[u8]) -> Result<bool> {
        ask!(self, remove_if(key, expected))
    }

    /// Adds a member to a set, for a time of its own; a member that is there already gets the new time.
    pub async fn add_member(&self, set: &Key, member: &str, keep: Duration) -> Result<()> {
        ask!(self, add_member(set, member, keep))
    }

    /// Takes a member out of a set.
    pub async fn remove_member(&self, set: &Key, member: &str) -> Result<()> {
        ask!(self, remove_member(set, member))
    }

    /// The members of a set, in no particular order; none for a set that nobody has added to.
    pub async fn members(&self, set: &Key) -> Result<Vec<String>> {
        ask!(self, members(set))
    }
}
