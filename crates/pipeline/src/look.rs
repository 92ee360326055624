//! What a run is about to do: everything small is read first, and decides before anything is staged.
//!
//! The stored dimensions come before the CRM, so that a state of the CRM is never merged into a newer one; the newest
//! version comes before both snapshots, so that theirs are greater.

use std::collections::HashSet;

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR, floor_to_hour, midnight};
use bionicpro_model::{Error, HourRange, Kind, Result};
use bionicpro_sources::changes::{Baseline, NewRows, Since};
use bionicpro_sources::{Crm, Telemetry, Wanted};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::load::{self, Dimensions};
use bionicpro_warehouse::pending::{self, Pending};
use bionicpro_warehouse::state::{self, State};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::context::PipelineContext;
use crate::dimensions::{checksum, dimensions, people, seen};
use crate::files::crm::CrmRow;
use crate::files::owners::Owners;
use crate::kind::{Ask, RunKind};
use crate::owners::{Change, Reach, Timelines, Was, boundaries, changes, merge, siblings};
use crate::stage::Merged;

/// How far ahead of the running hour a tick reads: a device's clock may be wrong by a day.
const AHEAD_HOURS: i64 = 24;

/// What was found, and what follows from it.
pub(crate) struct Look {
    pub(crate) kind: RunKind,
    /// Why a tick became a full run.
    pub(crate) why_full: Option<String>,
    /// Whether there is anything to load.
    pub(crate) is_needed: bool,
    /// Whether rows of the mart are not their present owner's yet.
    pub(crate) owners_changed: bool,
    pub(crate) range: Option<HourRange>,
    pub(crate) crm: Crm,
    pub(crate) people: Vec<CrmRow>,
    pub(crate) counts: std::collections::BTreeMap<String, u64>,
    pub(crate) owners: Owners,
    pub(crate) merged: Merged,
    pub(crate) telemetry: Telemetry,
    pub(crate) wanted: Wanted,
    /// New rows that are waiting outside of what a run may read are not counted.
    pub(crate) new_rows: u64,
    pub(crate) baseline: Option<Baseline>,
}

/// What the warehouse knows.
struct Known {
    state: State,
    stored: Dimensions,
    cut_off: Vec<(u64, Pending)>,
}

impl Known {
    async fn read(warehouse: &Warehouse, state: State) -> Result<Known> {
        let (stored, cut_off) = tokio::try_join!(load::dimensions(warehouse), async {
            match state.stamp.has_pending() {
                true => pending::read(warehouse, state.stamp.dimensions).await,
                false => Ok(Vec::new()),
            }
        })?;
        Ok(Known { state, stored, cut_off })
    }

    /// The version of the stored dimensions; 0 before the first.
    fn version(&self) -> u64 {
        self.state.stamp.dimensions
    }

    /// When the CRM was last seen, in the microseconds that versions count.
    fn seen_at(&self) -> Option<DateTime<Utc>> {
        let micros = i64::try_from(self.version()).ok().filter(|micros| *micros > 0)?;
        DateTime::from_timestamp_micros(micros)
    }
}

/// Which source failed.
pub(crate) enum Failed {
    Warehouse(Error),
    Crm(Error),
    Telemetry(Error),
}

impl Failed {
    pub(crate) fn into_error(self) -> Error {
        let (Failed::Warehouse(error) | Failed::Crm(error) | Failed::Telemetry(error)) = self;
        error
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Telemetry(error)
    }
}

/// Reads everything small and decides.
pub(crate) async fn look(context: &PipelineContext, ask: Ask) -> Result<Look, Failed> {
    let warehouse = &context.warehouse;
    let (state, crm, telemetry) = tokio::try_join!(
        async { state::read(warehouse).await.map_err(Failed::Warehouse) },
        async { context.crm.connect().await.map_err(Failed::Crm) },
        async { context.telemetry.connect().await.map_err(Failed::Telemetry) },
    )?;
    let (baseline, floor) = (state.baseline.clone(), state.newest_version);
    let ((known, crm), (telemetry, found)) = tokio::try_join!(
        async {
            let known = Known::read(warehouse, state).await.map_err(Failed::Warehouse)?;
            let crm = Crm::read_in(crm, &context.crm_config, floor).await.map_err(Failed::Crm)?;
            Ok((known, crm))
        },
        async {
            let config = &context.telemetry_config;
            let telemetry = Telemetry::open_in(&context.telemetry, telemetry, config, floor).await?;
            let found = Found::new(context, ask, &telemetry, baseline.as_deref()).await?;
            Ok::<_, Failed>((telemetry, found))
        },
    )?;
    if let Some(holder) = &telemetry.changes().held_back_by {
        tracing::warn!(
            pid = holder.pid,
            application = holder.application,
            age_s = holder.age_s,
            "a transaction on the source is open for long: freshness waits for it, what it inserted comes when it commits"
        );
    }

    let (people, counts) = people(&crm);
    let owned = merge(&known.stored.owners, &seen(&crm, &people, known.seen_at()));
    let customers: HashSet<Uuid> = people.iter().map(|row| row.user_id).collect();
    let stored_customers: HashSet<Uuid> = known.stored.users.iter().map(|row| row.user_id).collect();
    let before = Timelines::new(&known.stored.owners, |user| stored_customers.contains(&user));
    let after = Timelines::new(&owned, |user| customers.contains(&user));
    let cut_off: Vec<_> = known.cut_off.iter().map(|(_, change)| change.clone()).collect();
    let mut changes = changes(&before, &cut_off, &after);
    let applied = changes.iter().map(Change::applied).collect();
    if known.version() == 0 {
        // Everything is new before the first load; only what a load left that was cut off is anybody's former.
        changes.retain(|change| !change.former.is_empty());
    }
    let was: Vec<Was> = changes.iter().flat_map(Change::was).collect();
    let within = within(context, &telemetry, found.range.as_ref())?;
    let wanted = Wanted {
        within,
        range: found.range,
        scopes: Reach::of(&changes, &after, &within).scopes(),
        siblings: siblings(&after),
        cuts: boundaries(&after),
        new: found.new,
    };
    let mut versions: Vec<u64> = known.cut_off.iter().map(|(version, _)| *version).collect();
    versions.dedup();
    let merged = Merged { stored: checksum(&known.stored), stamp: known.state.stamp, cut_off: versions };
    let owners_changed = !changes.is_empty() || !cut_off.is_empty();
    let is_needed = found.kind != RunKind::Tick
        || wanted.new.is_some()
        || owners_changed
        || known.state.restated < known.version()
        || dimensions(&people, owned.clone()) != known.stored;
    let intervals = owned
        .into_iter()
        .map(|interval| {
            let is_customer = customers.contains(&interval.user_id);
            (interval, is_customer)
        })
        .collect();
    Ok(Look {
        kind: found.kind,
        why_full: found.why_full,
        is_needed,
        owners_changed,
        range: found.range,
        owners: Owners { intervals, applied, was },
        crm,
        people,
        counts,
        merged,
        new_rows: found.new_rows,
        baseline: found.baseline,
        telemetry,
        wanted,
    })
}

/// What is new in the telemetry, and what kind of run that makes.
struct Found {
    kind: RunKind,
    why_full: Option<String>,
    range: Option<HourRange>,
    new: Option<NewRows>,
    new_rows: u64,
    baseline: Option<Baseline>,
}

impl Found {
    async fn new(
        context: &PipelineContext,
        ask: Ask,
        telemetry: &Telemetry,
        stored: Option<&str>,
    ) -> Result<Found> {
        let nothing = Found {
            kind: RunKind::Range,
            why_full: None,
            range: None,
            new: None,
            new_rows: 0,
            baseline: None,
        };
        if let Ask::Range(range) = ask {
            return Ok(Found { range: Some(retained(context, telemetry, range)?), ..nothing });
        }
        let now = telemetry.snapshot().taken_at;
        let lookback = HourRange::lookback(now, context.config.lookback_days)?;
        let lookback = HourRange::new(lookback.from().max(first_hour(context, now)), lookback.to())?;
        let (since, previous) = match stored.map(serde_json::from_str::<Baseline>) {
            None => (Since::Lost(no_baseline(telemetry)), None),
            Some(Err(_)) => (Since::Lost("another version of this program left it".to_owned()), None),
            Some(Ok(baseline)) => (telemetry.since(&baseline).await?, Some(baseline)),
        };
        let (new, lost) = match since {
            Since::Nothing => (None, None),
            Since::New(rows) => (Some(rows), None),
            Since::Lost(why) => (None, Some(why)),
        };
        if let (Some(why), Some(_)) = (&lost, stored) {
            let (from, to) = (first_hour(context, now).date_naive(), lookback.from().date_naive());
            tracing::warn!(
                why,
                "the baseline is lost: rows that came late for hours before {to} may be missing, \
                 `bionicpro etl run --from {from} --to {to}` brings them"
            );
        }
        let is_full = ask == Ask::Full || lost.is_some();
        Ok(Found {
            kind: if is_full { RunKind::Full } else { RunKind::Tick },
            range: is_full.then_some(lookback),
            new_rows: new.as_ref().map_or(0, |new| new.rows),
            new,
            baseline: telemetry.baseline(previous.as_ref().filter(|_| lost.is_none())),
            why_full: lost.filter(|_| ask == Ask::Tick),
        })
    }
}

fn no_baseline(telemetry: &Telemetry) -> String {
    format!("no run has left a baseline; new rows are found so: {}", telemetry.changes().reason)
}

/// The hours that a run may read at all.
fn within(context: &PipelineContext, telemetry: &Telemetry, range: Option<&HourRange>) -> Result<HourRange> {
    let now = telemetry.snapshot().taken_at;
    let end = floor_to_hour(now) + TimeDelta::hours(1 + AHEAD_HOURS);
    let end = range.map_or(end, |range| end.max(range.to()));
    HourRange::new(first_hour(context, now), end.min(END_OF_HOURS))
}

/// The first hour that the mart retains.
fn first_hour(context: &PipelineContext, now: DateTime<Utc>) -> DateTime<Utc> {
    load::retained_from(&context.warehouse, now).map_or(FIRST_HOUR, midnight).max(FIRST_HOUR)
}

/// The range that somebody asked for; refused where the mart does not retain it.
pub(crate) fn retained(
    context: &PipelineContext,
    telemetry: &Telemetry,
    range: HourRange,
) -> Result<HourRange> {
    let first_day = first_hour(context, telemetry.snapshot().taken_at);
    if first_day <= range.from() {
        return Ok(range);
    }
    let first_day = first_day.date_naive();
    Err(Error::new(Kind::Usage, "the range begins before what the mart retains")
        .detail(format!("{range}; the mart retains from {first_day}"))
        .hint(format!("begin at --from {first_day} or later")))
}
