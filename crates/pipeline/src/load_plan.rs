//! The plan of a load: the customers, the ownership intervals, and the cells that these and the new telemetry
//! affect.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bionicpro_model::{Condition, Error, HourRange, Kind, Result};
use bionicpro_sources::changes::NewRows;
use bionicpro_sources::crm::Prosthesis;
use bionicpro_sources::{CellRequest, Crm, OpenCrm};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::load::{self, Dimensions, TOO_MUCH_VANISHED, VanishLimit};
use bionicpro_warehouse::owners::Ownership;
use bionicpro_warehouse::pending::{self, Pending};
use bionicpro_warehouse::state::DimensionState;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::dimensions::{People, checksum, dimensions, people, seen};
use crate::files::crm::CrmRow;
use crate::files::owners::Owners;
use crate::owners::{Change, Reach, Timelines, boundaries, changes, merge, siblings};
use crate::run_plan::Failed;
use crate::stage::Merged;

/// The maximum number of chips whose names fit into one statement.
const MOST_FEW_CHIPS: u16 = 5_000;

/// The data to load.
pub(crate) struct LoadPlan {
    /// True if the CRM alone requires a load.
    pub(crate) is_needed: bool,
    /// True if rows of the mart are not assigned to their present owner yet.
    pub(crate) owners_changed: bool,
    pub(crate) people: Arc<People>,
    pub(crate) owners: Arc<Owners>,
    pub(crate) merged: Merged,
    pub(crate) wanted: CellRequest,
}

/// The telemetry that a run requests.
pub(crate) struct RunScope {
    pub(crate) within: HourRange,
    pub(crate) range: Option<HourRange>,
    pub(crate) new: Option<NewRows>,
    /// The maximum number of chips that count as few.
    pub(crate) few_chips: u16,
}

impl RunScope {
    /// Returns the chips whose cells are requested, if they are few.
    fn few_chips(&self) -> Option<Vec<&str>> {
        let most = usize::from(self.few_chips.min(MOST_FEW_CHIPS));
        self.new.as_ref().filter(|_| self.range.is_none())?.chips(most)
    }
}

impl LoadPlan {
    /// Reads the CRM and the stored dimensions, and plans the load. With `is_stored`, the warehouse already
    /// holds this state of the CRM: then only the ownership intervals are read from the warehouse, and for
    /// few chips only their own and their owners, so that the cost of an incremental run does not grow with
    /// the number of customers.
    pub(crate) async fn new(
        warehouse: &Warehouse,
        standing: DimensionState,
        crm: &OpenCrm,
        is_stored: bool,
        scope: RunScope,
        limit: VanishLimit,
    ) -> Result<LoadPlan, Failed> {
        let (stored, crm) = match scope.few_chips().filter(|_| is_stored) {
            Some(chips) => part(warehouse, crm, &chips).await?,
            None => all(warehouse, standing, crm, is_stored).await?,
        };
        let people = people(&crm);
        let customers: HashSet<Uuid> = people.rows.iter().map(|row| row.user_id).collect();
        let is_customer = |user| customers.contains(&user);
        let compared = match stored {
            StoredDimensions::Same(owned) => Compared::same(owned, standing, false),
            StoredDimensions::Part(owned) => Compared::same(owned, standing, true),
            StoredDimensions::Other(known) => {
                vanished(&known.stored, &crm, limit).map_err(Failed::Crm)?;
                known.compare(&crm, &people.rows, is_customer)
            }
        };
        let Compared { owned, changes, applied, merged, is_needed } = compared;
        let after = Timelines::new(&owned, is_customer);
        let wanted = CellRequest {
            within: scope.within,
            range: scope.range,
            scopes: Reach::of(&changes, &after, &scope.within).scopes(),
            siblings: siblings(&after),
            cuts: boundaries(&after),
            new: scope.new,
            left_out: None,
        };
        let was = changes.iter().flat_map(Change::was).collect();
        let intervals = owned.into_iter().map(|interval| {
            let is_customer = is_customer(interval.user_id);
            (interval, is_customer)
        });
        let owners = Owners { intervals: intervals.collect(), applied, was };
        Ok(LoadPlan {
            is_needed,
            owners_changed: !changes.is_empty(),
            people: Arc::new(people),
            owners: Arc::new(owners),
            merged,
            wanted,
        })
    }
}

/// The stored dimensions, as far as they were read.
enum StoredDimensions {
    /// They equal the CRM's: all ownership intervals.
    Same(Vec<Ownership>),
    /// They equal the CRM's: the ownership intervals of the requested chips.
    Part(Vec<Ownership>),
    Other(StoredState),
}

/// Reads the ownership intervals of these chips, and their owners from the CRM.
async fn part(
    warehouse: &Warehouse,
    crm: &OpenCrm,
    chips: &[&str],
) -> Result<(StoredDimensions, Crm), Failed> {
    let owned = load::owners_of(warehouse, chips).await.map_err(Failed::Warehouse)?;
    let (users, prostheses): (Vec<Uuid>, Vec<Uuid>) =
        owned.iter().map(|interval| (interval.user_id, interval.prosthesis_id)).unzip();
    let crm = crm.read_some(&users, &prostheses).await.map_err(Failed::Crm)?;
    Ok((StoredDimensions::Part(owned), crm))
}

/// Reads the whole CRM, and the stored state to compare it with.
async fn all(
    warehouse: &Warehouse,
    standing: DimensionState,
    crm: &OpenCrm,
    is_stored: bool,
) -> Result<(StoredDimensions, Crm), Failed> {
    let stored = async {
        match is_stored {
            true => load::owners(warehouse).await.map(StoredDimensions::Same),
            false => StoredState::read(warehouse, standing).await.map(StoredDimensions::Other),
        }
    };
    tokio::try_join!(async { stored.await.map_err(Failed::Warehouse) }, async {
        crm.read().await.map_err(Failed::Crm)
    })
}

/// Fewer vanished rows of the CRM than this do not stop a run, unless none is left.
const LEAST_OF_CRM: u64 = 10;

/// Refuses a CRM that has lost too many of the stored rows, because a table was emptied or is being reloaded.
fn vanished(stored: &Dimensions, crm: &Crm, limit: VanishLimit) -> Result<()> {
    let customers: HashSet<Uuid> = crm.customers.iter().map(|row| row.id).collect();
    let prostheses: HashMap<Uuid, &Prosthesis> = crm.prostheses.iter().map(|row| (row.id, row)).collect();
    let has_model = |id: Uuid| prostheses.get(&id).is_some_and(|row| row.model.is_some());
    let with_model = || stored.prostheses.iter().filter(|row| !row.prosthesis_model.is_empty());
    let count = |rows: usize| rows as u64;
    let is_held = |row: &Prosthesis| {
        row.customer_id.is_some() && row.chip_id.is_some() || crm.unknown_owners.contains(&row.id)
    };
    let open = || stored.owners.iter().filter(|interval| interval.valid_to.is_none());
    let tables = [
        (
            "customers",
            count(stored.users.iter().filter(|row| !customers.contains(&row.user_id)).count()),
            count(stored.users.len()),
        ),
        (
            "prostheses",
            count(
                stored.prostheses.iter().filter(|row| !prostheses.contains_key(&row.prosthesis_id)).count(),
            ),
            count(stored.prostheses.len()),
        ),
        (
            "models of prostheses",
            count(
                with_model()
                    .filter(|row| {
                        prostheses.contains_key(&row.prosthesis_id) && !has_model(row.prosthesis_id)
                    })
                    .count(),
            ),
            count(with_model().count()),
        ),
        (
            "owners of prostheses that are still there",
            count(
                open()
                    .filter(|interval| {
                        prostheses.get(&interval.prosthesis_id).is_some_and(|row| !is_held(row))
                    })
                    .count(),
            ),
            count(open().count()),
        ),
    ];
    for (what, gone, all) in tables {
        let is_all = gone > limit.confirmed && gone == all && limit.share < 1.0;
        if is_all || limit.is_exceeded(gone, all, LEAST_OF_CRM) {
            return Err(Error::new(Kind::Data, TOO_MUCH_VANISHED)
                .condition(Condition::TooMuchVanished)
                .detail(format!("{gone} of {all} {what} are gone from the CRM"))
                .hint(format!(
                    "the mart is unchanged. If the deletion is intended, confirm it: run the same command with \
                     -- confirm-vanished {gone}; otherwise restore the rows in the CRM.
                     -- pipeline.max_vanished_share is {}",
                    limit.share
                )));
        }
    }
    Ok(())
}

/// The state that the warehouse holds.
struct StoredState {
    standing: DimensionState,
    stored: Dimensions,
    /// Moves that interrupted loads may have applied, with their versions.
    cut_off: Vec<(u64, Pending)>,
}

/// The result of comparing the CRM with the stored state.
struct Compared {
    /// The ownership intervals after the merge.
    owned: Vec<Ownership>,
    /// Periods that count for another owner than before and may have rows in the mart.
    changes: Vec<Change>,
    applied: Vec<Pending>,
    merged: Merged,
    is_needed: bool,
}

impl Compared {
    fn same(owned: Vec<Ownership>, standing: DimensionState, is_part: bool) -> Compared {
        let merged = Merged { stored: None, is_part, stamp: standing.stamp, cut_off: Vec::new() };
        Compared { owned, changes: Vec::new(), applied: Vec::new(), merged, is_needed: false }
    }
}

impl StoredState {
    async fn read(warehouse: &Warehouse, standing: DimensionState) -> Result<StoredState> {
        let (stored, cut_off) = tokio::try_join!(load::dimensions(warehouse), async {
            match standing.stamp.has_pending() {
                true => pending::read(warehouse, standing.stamp.dimensions).await,
                false => Ok(Vec::new()),
            }
        })?;
        Ok(StoredState { standing, stored, cut_off })
    }

    /// Returns the version of the stored dimensions; 0 before the first load.
    fn version(&self) -> u64 {
        self.standing.stamp.dimensions
    }

    /// Returns the time at which the CRM was last seen, which the version gives in microseconds since 1970.
    fn seen_at(&self) -> Option<DateTime<Utc>> {
        let micros = i64::try_from(self.version()).ok().filter(|micros| *micros > 0)?;
        DateTime::from_timestamp_micros(micros)
    }

    fn compare(self, crm: &Crm, people: &[CrmRow], is_customer: impl Fn(Uuid) -> bool) -> Compared {
        let owned = merge(&self.stored.owners, &seen(crm, people, self.seen_at()));
        let stored_customers: HashSet<Uuid> = self.stored.users.iter().map(|row| row.user_id).collect();
        let before = Timelines::new(&self.stored.owners, |user| stored_customers.contains(&user));
        let (mut versions, cut_off): (Vec<u64>, Vec<Pending>) = self.cut_off.iter().cloned().unzip();
        let mut changes = changes(&before, &cut_off, &Timelines::new(&owned, is_customer));
        let applied = changes.iter().map(Change::applied).collect();
        if self.version() == 0 {
            // Before the first load everything is new; only what an interrupted load left behind has former
            // owners.
            changes.retain(|change| !change.former.is_empty());
        }
        versions.dedup();
        let is_needed = !changes.is_empty()
            || !self.standing.is_settled()
            || dimensions(people, owned.clone()) != self.stored;
        let stored = is_needed.then(|| checksum(&self.stored));
        let merged = Merged { stored, is_part: false, stamp: self.standing.stamp, cut_off: versions };
        Compared { owned, changes, applied, merged, is_needed }
    }
}
