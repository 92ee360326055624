//! Bindings of login names to accounts.

use std::sync::Arc;

use bionicpro_auth::testing::TestKey;
use bionicpro_auth::{Binding, Claims, Reason, Rejection, UsernameBindings};
use bionicpro_store::{Config, Store};

use crate::support::{Setup, setup};

const REFUSED: Result<Binding, Rejection> = Err(Rejection::Forbidden(Reason::OtherAccount));

async fn store(folder: &tempfile::TempDir) -> Store {
    Store::open(&Config::in_folder(folder.path()).unwrap()).await.unwrap()
}

/// The claims of a token of this account with this login name.
async fn claims(setup: &Setup, name: &str, account: &str) -> Claims {
    let token = setup.token().claim("preferred_username", name).claim("sub", account);
    setup.claims(&token.sign(TestKey::trusted())).await.unwrap()
}

#[tokio::test]
async fn the_first_account_has_the_name_and_another_is_refused_until_it_is_released() {
    let (setup, folder) = (setup().await, tempfile::tempdir().unwrap());
    let names = UsernameBindings::new(store(&folder).await);
    let old = claims(&setup, "ivan.petrov", "old").await;
    let new = claims(&setup, "ivan.petrov", "new").await;
    assert_eq!(names.require_own(&old).await, Ok(Binding::Created));
    assert_eq!(names.require_own(&old).await, Ok(Binding::Existing));
    assert_eq!(names.require_own(&new).await, REFUSED);
    assert_eq!(names.account("ivan.petrov").await.unwrap().as_deref(), Some("old"));

    assert_eq!(names.release("ivan.petrov").await.unwrap().as_deref(), Some("old"));
    assert_eq!(names.release("ivan.petrov").await.unwrap(), None);
    assert_eq!(names.require_own(&old).await, REFUSED, "a token that is still valid does not take it back");
    names.require_own(&new).await.unwrap();
    assert_eq!(names.require_own(&old).await, REFUSED);
}

#[tokio::test]
async fn names_are_compared_byte_by_byte() {
    let (setup, folder) = (setup().await, tempfile::tempdir().unwrap());
    let names = UsernameBindings::new(store(&folder).await);
    // All of them are different, although some would be equal to a database that ignores case or accents.
    for (number, name) in ["ivan", "Ivan", "iv\u{e1}n", "ivan petrov", "ivanpetrov"].iter().enumerate() {
        names.require_own(&claims(&setup, name, &number.to_string()).await).await.unwrap();
    }
    assert_eq!(names.require_own(&claims(&setup, "Ivan", "0").await).await, REFUSED);
}

#[tokio::test]
async fn an_account_may_have_several_names() {
    let (setup, folder) = (setup().await, tempfile::tempdir().unwrap());
    let names = UsernameBindings::new(store(&folder).await);
    names.require_own(&claims(&setup, "maria.sidorova", "one").await).await.unwrap();
    names.require_own(&claims(&setup, "maria.ivanova", "one").await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_accounts_at_once_on_two_replicas_one_gets_the_name() {
    let (setup, folder) = (setup().await, tempfile::tempdir().unwrap());
    let replicas = [UsernameBindings::new(store(&folder).await), UsernameBindings::new(store(&folder).await)];
    for round in 0..20 {
        let name = format!("person.{round}");
        let mut calls = Vec::new();
        for account in 0..16 {
            let claims = Arc::new(claims(&setup, &name, &account.to_string()).await);
            let names = replicas[account % 2].clone();
            calls.push(tokio::spawn(async move { names.require_own(&claims).await }));
        }
        let mut let_in = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(own) => {
                    assert_eq!(own, Binding::Created);
                    let_in += 1;
                }
                refused => assert_eq!(refused, REFUSED),
            }
        }
        assert_eq!(let_in, 1);
    }
}
