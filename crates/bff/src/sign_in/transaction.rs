//! A sign-in in progress: the values to check when the browser comes back from the issuer. Stored sealed
//! under a secret that only the browser that began it holds, and valid for one return.

use std::time::Duration;

use aws_lc_rs::constant_time;
use bionicpro_model::Result;
use bionicpro_store::{Expiry, Key, Store};
use serde::{Deserialize, Serialize};

use crate::return_to::ReturnTo;
use crate::session::cookie::SIGN_IN_LIFE_S;
use crate::session::secret::{CookieSecret, random_text};

/// The purpose of the key.
const PURPOSE: &str = "sign-in";

/// The values that were sent with the browser, and those that were kept back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// The PKCE verifier, whose digest was sent along (RFC 7636). Without it the code is worthless.
    pub(crate) verifier: String,
    return_to: String,
    started_at_s: i64,
    /// The newest session of this browser, which the new one replaces.
    pub(crate) previous: Option<Previous>,
}

/// A session that ends when the sign-in succeeds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Previous {
    pub(crate) id: String,
    pub(crate) subject: String,
}

impl Transaction {
    /// Creates a transaction with new random values.
    pub(crate) fn new(return_to: &ReturnTo, now_s: i64, previous: Option<Previous>) -> Result<Self> {
        Ok(Transaction {
            state: random_text()?,
            nonce: random_text()?,
            verifier: random_text()?,
            return_to: return_to.as_str().to_owned(),
            started_at_s: now_s,
            previous,
        })
    }

    /// Stores it, and returns the secret for the browser's cookie.
    pub(crate) async fn keep(&self, store: &Store) -> Result<CookieSecret> {
        let secret = CookieSecret::generate()?;
        let id = secret.id();
        let sealed = secret.key(PURPOSE)?.seal(&id, self)?;
        let life = Duration::from_secs(SIGN_IN_LIFE_S.unsigned_abs());
        store.put(&key(&id), &sealed, Expiry::In(life)).await?;
        Ok(secret)
    }

    /// Takes the transaction of a cookie, if it has this `state` and is not too old. It is removed: of two
    /// simultaneous returns, only one finds it.
    pub(crate) async fn take(
        store: &Store,
        secret: &CookieSecret,
        state: &str,
        now_s: i64,
    ) -> Result<Option<Self>> {
        let id = secret.id();
        let Some(sealed) = store.get(&key(&id)).await? else { return Ok(None) };
        let Some(transaction) = secret.key(PURPOSE)?.open::<Transaction>(&id, &sealed) else {
            return Ok(None);
        };
        let fits =
            constant_time::verify_slices_are_equal(transaction.state.as_bytes(), state.as_bytes()).is_ok();
        let is_recent = (0..SIGN_IN_LIFE_S).contains(&(now_s - transaction.started_at_s));
        let is_ours = store.remove(&key(&id)).await?;
        Ok(Some(transaction).filter(|_| fits && is_recent && is_ours))
    }

    /// Records a session that has begun in this browser after this sign-in did. The browser may come back
    /// without that session's cookie, which no other site makes it send.
    pub(crate) async fn follow(
        store: &Store,
        secret: &CookieSecret,
        previous: &Previous,
        now_s: i64,
    ) -> Result<()> {
        let id = secret.id();
        let Some(sealed) = store.get(&key(&id)).await? else { return Ok(()) };
        let seal = secret.key(PURPOSE)?;
        let Some(mut transaction) = seal.open::<Transaction>(&id, &sealed) else { return Ok(()) };
        transaction.previous = Some(previous.clone());
        let left_s = transaction.started_at_s + SIGN_IN_LIFE_S - now_s;
        let expiry = Expiry::In(Duration::from_secs(u64::try_from(left_s).unwrap_or(0)));
        store.replace(&key(&id), &sealed, &seal.seal(&id, &transaction)?, expiry).await.map(|_| ())
    }

    /// Returns the page that the person wants to return to. It was checked before it was stored, and is
    /// checked again.
    pub(crate) fn return_to(&self) -> ReturnTo {
        ReturnTo::parse(&self.return_to).unwrap_or_else(ReturnTo::home)
    }
}

fn key(id: &str) -> Key {
    Key::new("sign-in", id)
}
