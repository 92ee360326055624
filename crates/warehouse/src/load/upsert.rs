//! Updates the stored dimensions to a CRM snapshot, and determines whose rows of the mart are outdated by the
//! change.

use std::collections::{BTreeMap, BTreeSet};

use bionicpro_model::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::dimensions::Dimensions;
use super::stored::{DimensionRow, StoredProsthesis, StoredUser, difference, read};
use crate::owners::OwnerRow;
use crate::watermarks::Watermark;
use crate::{Warehouse, changes, state};

/// The changes by [`upsert_dimensions`] to values that the mart's rows repeat, for [`super::restate`].
///
/// They include a change that an earlier call stored and that was not restated since (because the load was
/// killed in between): a change is dropped only once the mart reflects it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// People whose login name, name or e-mail address changed.
    pub users: Vec<Uuid>,
    /// Prostheses whose model name changed.
    pub prostheses: Vec<Uuid>,
    /// The number of rows written to the dimensions, tombstones included; 0 if nothing at all changed.
    pub rows: u64,
    /// The version of the dimensions; 0 if a newer state is stored and nothing was done.
    pub version: u64,
}

impl Changed {
    /// Returns true if there is nothing to restate.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.prostheses.is_empty()
    }
}

/// Replaces the dimensions with the state of a CRM snapshot; rows missing from it get a tombstone. Only rows
/// that differ are written.
///
/// This applies to ownership intervals too: `owners` holds all of them, as returned by
/// [`super::dimensions()`], with the changes from the snapshot applied. `version` is that of the CRM
/// snapshot. A state older than the newest one seen changes nothing; one of the same version is applied
/// again. The caller holds the lock of the load.
pub async fn upsert_dimensions(warehouse: &Warehouse, wanted: &Dimensions, version: u64) -> Result<Changed> {
    let (standing, users, prostheses, owners) = tokio::try_join!(
        state::standing(warehouse),
        read::<StoredUser>(warehouse),
        read::<StoredProsthesis>(warehouse),
        read::<OwnerRow>(warehouse),
    )?;
    let (newest, restated) = (standing.stamp.dimensions, standing.restated);
    if newest > version {
        tracing::info!("a newer state of the dimensions is already stored");
        return Ok(Changed::default());
    }
    let is_first = newest == 0;
    let wanted_users: Vec<StoredUser> = wanted.users.iter().map(StoredUser::from).collect();
    let wanted_prostheses: Vec<StoredProsthesis> =
        wanted.prostheses.iter().map(StoredProsthesis::from).collect();
    let wanted_owners: Vec<OwnerRow> = wanted.owners.iter().map(OwnerRow::from).collect();

    let mut changed = Changed {
        // Before the first state is complete no row of the mart can reflect an earlier one.
        users: if is_first { Vec::new() } else { changed_users(&users, &wanted_users, restated) },
        prostheses: if is_first { Vec::new() } else { changed_models(&owners, &wanted_owners, restated) },
        rows: 0,
        version,
    };
    let users = difference(&users, &wanted_users, version);
    let prostheses = difference(&prostheses, &wanted_prostheses, version);
    let owners = difference(&owners, &wanted_owners, version);
    changed.rows = (users.len() + prostheses.len() + owners.len()) as u64;

    if changed.rows > 0 {
        // Before the rows: a load interrupted here has changed the state with which another load may have
        // begun.
        warehouse.mark(&[Watermark::Changing], version).await?;
        let people = users.iter().map(|row| row.user_id);
        let people = people.chain(prostheses.iter().map(|row| row.user_id));
        let people: BTreeSet<Uuid> = people.chain(owners.iter().map(|row| row.user_id)).collect();
        changes::announce_people(warehouse, &standing, people).await?;
    }
    let doing = "loading the dimensions";
    warehouse.insert("users", doing, &users).await?;
    warehouse.insert("user_prostheses", doing, &prostheses).await?;
    warehouse.insert("chip_owners", doing, &owners).await?;
    let marks: &[Watermark] = if changed.is_empty() {
        &[Watermark::Dimensions, Watermark::Restated]
    } else {
        &[Watermark::Dimensions]
    };
    warehouse.mark(marks, version).await?;
    Ok(changed)
}

/// Records that a newer CRM snapshot equals the stored dimensions, which the mart reflects completely.
pub async fn confirm_dimensions(warehouse: &Warehouse, version: u64) -> Result<Changed> {
    warehouse.mark(&[Watermark::Dimensions, Watermark::Restated], version).await?;
    Ok(Changed { version, ..Changed::default() })
}

/// Returns the stored people whose wanted values differ, or who were stored after the mart was last restated.
fn changed_users(stored: &[StoredUser], wanted: &[StoredUser], restated: u64) -> Vec<Uuid> {
    let wanted: BTreeMap<Uuid, &StoredUser> = wanted.iter().map(|row| (row.user_id, row)).collect();
    let says =
        |row: &StoredUser| (row.ldap_username.clone(), row.customer_name.clone(), row.customer_email.clone());
    let changed = stored.iter().filter(|row| {
        row.version() > restated || wanted.get(&row.user_id).is_some_and(|now| says(now) != says(row))
    });
    changed.map(|row| row.user_id).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the stored prostheses whose wanted model differs, or which were stored after the mart was last
/// restated.
fn changed_models(stored: &[OwnerRow], wanted: &[OwnerRow], restated: u64) -> Vec<Uuid> {
    let (former, now) = (models(stored), models(wanted));
    let pending = stored.iter().filter(|row| row.version() > restated).map(|row| row.prosthesis_id);
    let renamed = now.iter().filter(|(id, model)| former.get(id).is_some_and(|former| former != *model));
    pending.chain(renamed.map(|(id, _)| *id)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the model of each prosthesis, from its newest interval.
fn models(owners: &[OwnerRow]) -> BTreeMap<Uuid, &str> {
    let mut newest: BTreeMap<Uuid, (bool, DateTime<Utc>, &str)> = BTreeMap::new();
    for row in owners {
        let this = (row.valid_to.is_none(), row.valid_from, row.prosthesis_model.as_str());
        let kept = newest.entry(row.prosthesis_id).or_insert(this);
        *kept = this.max(*kept);
    }
    newest.into_iter().map(|(id, (_, _, model))| (id, model)).collect()
}
