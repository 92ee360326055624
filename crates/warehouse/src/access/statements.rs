//! The accounts as SQL, for an administrator of a ClickHouse server.

use std::fmt::Write;

use bionicpro_model::Result;

use super::{Account, Bound, Setting, accounts};
use crate::Config;
use crate::identifier::{quote, text};

/// Returns the statements that create a role and a settings profile for each account, in the order in which
/// to run them.
///
/// The site creates the accounts themselves: `GRANT bionicpro_ml_role TO …`. On a cluster every statement
/// runs on all servers (`ON CLUSTER`); with `ddl = "each"`, run them on each server.
///
/// # Errors
/// `Config` when the database or the cluster is not a plain name.
pub fn statements(config: &Config) -> Result<Vec<String>> {
    let database = quote(&config.database()?);
    let cluster = config
        .cluster
        .as_deref()
        .filter(|_| !config.is_told_each())
        .map(|name| format!(" ON CLUSTER {}", quote(name)));
    let cluster = cluster.unwrap_or_default();
    let accounts = accounts(config)?;
    let mut all = Vec::new();
    for account in &accounts {
        let (role, profile) = (role(account), format!("{}_profile", prefix(account)));
        let settings = account.settings.iter().map(clause).collect::<Vec<_>>().join(", ");
        all.push(format!("CREATE SETTINGS PROFILE IF NOT EXISTS {profile}{cluster} SETTINGS {settings}"));
        all.push(format!("CREATE ROLE IF NOT EXISTS {role}{cluster} SETTINGS PROFILE '{profile}'"));
        for grant in &account.grants {
            let (privileges, object) = split(grant);
            all.push(format!("GRANT{cluster} {privileges} ON {object} TO {role}"));
        }
    }
    let [loader, reader, ml] = accounts.each_ref().map(role);
    all.push(format!(
        "CREATE QUOTA IF NOT EXISTS bionicpro_ml_quota{cluster} KEYED BY user_name \
         FOR INTERVAL 1 hour MAX queries = 10000, execution_time = 7200 TO {ml}"
    ));
    // If a site defines a row policy for one user, a server may hide all rows from every other user,
    // including the loader.
    all.push(format!(
        "CREATE ROW POLICY IF NOT EXISTS bionicpro_all_rows{cluster} ON {database}.* USING 1 TO {loader}, {reader}"
    ));
    Ok(all)
}

/// Returns the prefix of the names of the account's role and profile. A site names its accounts itself, so
/// the prefix marks these as ours.
fn prefix(account: &Account) -> String {
    match account.name.strip_prefix("bionicpro") {
        Some("") => "bionicpro_loader".to_owned(),
        Some(_) => account.name.to_owned(),
        None => format!("bionicpro_{}", account.name),
    }
}

fn role(account: &Account) -> String {
    format!("{}_role", prefix(account))
}

/// Splits a grant into privileges and object: `SELECT(a, b)` and `reports.t`.
fn split(grant: &str) -> (&str, &str) {
    grant.rsplit_once(" ON ").unwrap_or((grant, "*.*"))
}

fn clause(setting: &Setting) -> String {
    let mut clause = setting.name.to_owned();
    if let Some(value) = setting.value {
        let _ = write!(clause, " = {}", literal(value));
    }
    let _ = match setting.bound {
        Bound::Free => Ok(()),
        Bound::Min(min) => write!(clause, " MIN {}", literal(min)),
        Bound::Between(min, max) => write!(clause, " MIN {} MAX {}", literal(min), literal(max)),
        Bound::Fixed => write!(clause, " CONST"),
    };
    clause
}

fn literal(value: &str) -> String {
    if value.bytes().all(|byte| byte.is_ascii_digit()) { value.to_owned() } else { text(value) }
}
