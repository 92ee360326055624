//! Whose a login name is. The mart knows people by login name, and a login name may pass to somebody else one day;
//! the account behind it (`sub`) does not.
//!
//! The first account that comes with a name has it. Another one with the same name is refused until an administrator
//! releases the name, which says: the person behind this name has a new account, or a new person has this name and
//! the mart knows. Names are compared byte by byte, exactly as the CRM has them.

use std::time::Duration;

use bionicpro_model::Result;
use bionicpro_store::{Expiry, Key, Store};

use crate::rejection::{Checked, Reason, Rejection};
use crate::token::times::MAX_LIFETIME_S;
use crate::{Claims, metrics};

/// Key space: login name to account.
const ACCOUNT_OF: &str = "account-of-name";
/// Key space: a name and an account that it was taken from.
const TAKEN_FROM: &str = "name-taken-from";

/// How long an account cannot take back a name that was released: until its last token has ended.
const TAKEN_FOR: Duration = Duration::from_secs(MAX_LIFETIME_S.unsigned_abs() + 60);

/// A login name that is the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// It was nobody's until now.
    Created,
    /// It was theirs before.
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

    /// Passes if the caller's name is the caller's; binds it when nobody has it yet. Of two accounts that come at
    /// once, on whatever replicas, one gets it.
    ///
    /// Asks the store each time: a name that is released or bound elsewhere counts at once.
    ///
    /// # Errors
    /// `Forbidden` for the name of another account, `Unavailable` when the store does not answer.
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
                    "the store of names does not answer"
                );
                Err(Rejection::Unavailable(Reason::StoreUnavailable))
            }
        }
    }

    async fn own(&self, claims: &Claims) -> Result<Option<Binding>> {
        let name = account_of(&claims.username);
        let account = claims.subject.as_bytes();
        if let Some(bound) = self.0.get(&name).await? {
            return Ok((bound == account).then_some(Binding::Existing));
        }
        if self.0.get(&taken_from(&claims.username, &claims.subject)).await?.is_some() {
            return Ok(None);
        }
        if self.0.put_if_absent(&name, account, Expiry::Never).await? {
            metrics::count_name("bound");
            return Ok(Some(Binding::Created));
        }
        Ok(self.0.get(&name).await?.filter(|bound| bound == account).map(|_| Binding::Existing))
    }

    /// The account that has a name, if one has.
    ///
    /// # Errors
    /// `Unreachable` when the store does not answer.
    pub async fn account(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.get(&account_of(name)).await?.map(|account| String::from_utf8_lossy(&account).into_owned()))
    }

    /// Takes a name from the account that has it, and tells which that was. The next other account that comes with
    /// the name has it; the former one is refused for as long as a token of it may live.
    ///
    /// # Errors
    /// `Unreachable` when the store does not answer; the call may be repeated.
    pub async fn release(&self, name: &str) -> Result<Option<String>> {
        let Some(account) = self.account(name).await? else { return Ok(None) };
        // In this order: a call that is cut off between the two leaves the name bound.
        self.0.put(&taken_from(name, &account), b"", Expiry::In(TAKEN_FOR)).await?;
        self.0.remove_if(&account_of(name), account.as_bytes()).await?;
        Ok(Some(account))
    }
}

fn account_of(name: &str) -> Key {
    Key::new(ACCOUNT_OF, name)
}

/// Neither part holds a line feed: claims are plain text.
fn taken_from(name: &str, account: &str) -> Key {
    Key::new(TAKEN_FROM, &format!("{name}\n{account}"))
}
