//! Bindings of login names to accounts. The mart identifies people by login name, and a login name may be
//! given to another person one day, unlike the account behind it (`sub`).
//!
//! The first account that uses a name is bound to it. Another account with the same name is refused until an
//! administrator releases the name. The release confirms that the person behind this name has a new account,
//! or that a new person has this name and the mart reflects it. Names are compared byte by byte, exactly as
//! the CRM has them.

use std::time::Duration;

use bionicpro_model::Result;
use bionicpro_store::{Expiry, Key, Store};

use crate::rejection::{Checked, Reason, Rejection};
use crate::token::times::MAX_LIFETIME_S;
use crate::{Claims, metrics};

/// Key space: login name to account.
const ACCOUNT_OF: &str = "account-of-name";
/// Key space: a name and an account from which it was taken.
const TAKEN_FROM: &str = "name-taken-from";

/// Time for which an account cannot take back a released name: until its last token has expired.
const TAKEN_FOR: Duration = Duration::from_secs(MAX_LIFETIME_S.unsigned_abs() + 60);

/// The result of a successful check: the login name belongs to the caller's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The name was unbound, and is now bound to the caller's account.
    Created,
    /// The name was already bound to the caller's account.
    Existing,
}

/// The bindings of login names; clones share them, and so do all processes with the same store.
#[derive(Debug, Clone)]
pub struct UsernameBindings(Store);

impl UsernameBindings {
    /// The bindings that this store holds.
    pub fn new(store: Store) -> Self {
        UsernameBindings(store)
    }

    /// Checks that the caller's name is bound to the caller's account; binds it if it is not bound yet. Of
    /// two concurrent accounts, on any replicas, exactly one gets the name.
    ///
    /// Queries the store each time, so that a name released or bound on another replica takes effect
    /// immediately.
    ///
    /// # Errors
    /// `Forbidden` for the name of another account, `Unavailable` if the store does not answer.
    pub async fn require_own(&self, claims: &Claims) -> Checked<Binding> {
        match self.own(claims).await {
            Ok(Some(own)) => Ok(own),
            Ok(None) => {
                metrics::count_name("other_account");
                Err(Rejection::Forbidden(Reason::OtherAccount))
            }
            Err(error) => {
                metrics::count_name("unavailable");
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot check the login name: the store does not answer"
                );
                Err(Rejection::Unavailable(Reason::StoreUnavailable))
            }
        }
    }

    async fn own(&self, claims: &Claims) -> Result<Option<Binding>> {
        let name = account_of(claims.username.as_str());
        let account = claims.subject.as_bytes();
        if let Some(bound) = self.0.get(&name).await? {
            return Ok((bound == account).then_some(Binding::Existing));
        }
        if self.0.get(&taken_from(claims.username.as_str(), &claims.subject)).await?.is_some() {
            return Ok(None);
        }
        if self.0.put_if_absent(&name, account, Expiry::Never).await? {
            metrics::count_name("bound");
            return Ok(Some(Binding::Created));
        }
        Ok(self.0.get(&name).await?.filter(|bound| bound == account).map(|_| Binding::Existing))
    }

    /// The account that a name is bound to, if any.
    ///
    /// # Errors
    /// `Unreachable` if the store does not answer.
    pub async fn account(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.get(&account_of(name)).await?.map(|account| String::from_utf8_lossy(&account).into_owned()))
    }

    /// Takes a name from the account that it is bound to, and returns that account. The next other account
    /// that uses the name is bound to it; the former one is refused for as long as one of its tokens may be
    /// valid.
    ///
    /// # Errors
    /// `Unreachable` if the store does not answer; the call can be retried.
    pub async fn release(&self, name: &str) -> Result<Option<String>> {
        let Some(account) = self.account(name).await? else { return Ok(None) };
        // In this order, a call that is interrupted between the two leaves the name bound.
        self.0.put(&taken_from(name, &account), b"", Expiry::In(TAKEN_FOR)).await?;
        self.0.remove_if(&account_of(name), account.as_bytes()).await?;
        Ok(Some(account))
    }
}

fn account_of(name: &str) -> Key {
    Key::new(ACCOUNT_OF, name)
}

/// The line feed is unambiguous: neither part contains one, since claims are plain text.
fn taken_from(name: &str, account: &str) -> Key {
    Key::new(TAKEN_FROM, &format!("{name}\n{account}"))
}
