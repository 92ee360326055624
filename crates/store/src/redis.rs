//! The Redis back end: one multiplexed connection that reconnects by itself.
//!
//! Expiry follows the server's clock. The server must not evict records to make room
//! (`maxmemory-policy noeviction`): a login name whose binding was evicted could be bound to another account.

use std::time::Duration;

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, TlsCertificates};

use crate::{Config, Expiry, Key};

/// Prefix of every key, so that the server can hold records of other programs too.
const PREFIX: &str = "bionicpro:";
/// Timeout for a connection, and for a response.
const PATIENCE: Duration = Duration::from_secs(2);

/// Clones share the connection.
#[derive(Clone)]
pub(crate) struct RedisStore {
    connection: ConnectionManager,
    /// Host and port, for messages.
    address: String,
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("address", &self.address).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Parses the address; connects with the first call.
    pub(crate) fn open(url: &SecretUrl, config: &Config) -> Result<Self> {
        let address = url.address();
        let refused = |error: RedisError| {
            Error::new(Kind::Config, "not the address of a Redis server")
                .detail(address.clone())
                .hint("write store.url as redis://host:6379/0, or rediss:// for TLS; the password in store.password_file")
                .source(error)
        };
        let text = url.expose_secret().as_str();
        let client = match config.authority()? {
            None => Client::open(text),
            Some(pem) => {
                Client::build_with_tls(text, TlsCertificates { client_tls: None, root_cert: Some(pem) })
            }
        };
        let manager = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = client
            .and_then(|client| ConnectionManager::new_lazy_with_config(client, manager))
            .map_err(refused)?;
        Ok(RedisStore { connection, address })
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.read::<String>(&redis::cmd("PING")).await.map(|_| ())
    }

    /// The policy by which the server evicts records, or `None` if it refuses new ones instead.
    pub(crate) async fn eviction(&self) -> Result<Option<String>> {
        let told = self.read::<String>(redis::cmd("INFO").arg("memory")).await?;
        let policy = told.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim);
        Ok(policy.filter(|policy| *policy != "noeviction").map(str::to_owned))
    }

    pub(crate) async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("MGET");
        for key in keys {
            command.arg(name(key));
        }
        self.read(&command).await
    }

    pub(crate) async fn put(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<()> {
        let mut command = redis::cmd("SET");
        command.arg(name(key)).arg(value);
        expire(&mut command, expiry);
        self.ask(&command).await
    }

    pub(crate) async fn put_if_absent(&self, key: &Key, value: &[u8], expiry: Expiry) -> Result<bool> {
        let mut command = redis::cmd("SET");
        command.arg(name(key)).arg(value).arg("NX");
        expire(&mut command, expiry);
        self.ask::<Option<String>>(&command).await.map(|put| put.is_some())
    }

    pub(crate) async fn replace(
        &self,
        key: &Key,
        expected: &[u8],
        value: &[u8],
        expiry: Expiry,
    ) -> Result<bool> {
        let mut command = script(include_str!("redis/replace.lua"), key);
        command.arg(expected).arg(value);
        expire(&mut command, expiry);
        self.ask(&command).await
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<bool> {
        self.ask(redis::cmd("DEL").arg(name(key))).await
    }

    pub(crate) async fn remove_if(&self, key: &Key, expected: &[u8]) -> Result<bool> {
        self.ask(script(include_str!("redis/remove_if.lua"), key).arg(expected)).await
    }

    pub(crate) async fn add_member(&self, set: &Key, member: &str, keep: Duration) -> Result<()> {
        self.ask(script(include_str!("redis/add_member.lua"), set).arg(member).arg(millis(keep))).await
    }

    pub(crate) async fn remove_member(&self, set: &Key, member: &str) -> Result<()> {
        self.ask::<i64>(redis::cmd("ZREM").arg(name(set)).arg(member)).await.map(|_| ())
    }

    pub(crate) async fn members(&self, set: &Key) -> Result<Vec<String>> {
        self.read(&script(include_str!("redis/members.lua"), set)).await
    }

    /// Runs a read-only command; retries it once if the connection turns out to be dead.
    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        match command.query_async(&mut self.connection.clone()).await {
            Err(error) if error.is_connection_dropped() => self.ask(command).await,
            answer => answer.map_err(|error| self.failed(error)),
        }
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        command.query_async(&mut self.connection.clone()).await.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: RedisError) -> Error {
        let (kind, hint) = match error.kind() {
            ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => {
                (Kind::Config, "check the password in store.password_file and the account in store.url")
            }
            _ => (Kind::Unreachable, "check that Redis runs at store.url and accepts writes"),
        };
        Error::new(kind, "the store does not answer").detail(self.address.clone()).hint(hint).source(error)
    }
}

fn name(key: &Key) -> String {
    format!("{PREFIX}{}", key.as_str())
}

/// A script over one key; Redis runs it atomically.
fn script(text: &str, key: &Key) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(name(key));
    command
}

fn expire(command: &mut Cmd, expiry: Expiry) {
    if let Expiry::In(keep) = expiry {
        command.arg("PX").arg(millis(keep));
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, u64::MAX >> 12)
}
