//! The plan of a run: everything small is read first, and decides what to do before anything is staged.
//!
//! A source's snapshot is taken while the warehouse's state is read. It is valid if its version is greater
//! than every version in the warehouse. Otherwise (a newer run came in between, or the source clock is
//! behind) it is taken again: a state of the CRM is never merged into a newer one. If the CRM is still in the
//! stored state, its rows and the stored ones are not compared, and without new telemetry they are not even
//! read.

use std::collections::BTreeSet;

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR, floor_to_hour, midnight};
use bionicpro_model::{Error, HourRange, Kind, Result};
use bionicpro_sources::changes::{NewRows, Since};
use bionicpro_sources::{OpenCrm, Telemetry};
use bionicpro_warehouse::{load, state};
use chrono::{DateTime, TimeDelta, Utc};

use crate::checkpoint::{Checkpoint, CrmFingerprint};
use crate::context::PipelineContext;
use crate::kind::{RunKind, RunRequest};
use crate::load_plan::{LoadPlan, RunScope};

/// The number of hours after the current hour that a run reads: a device's clock may be wrong by a day.
const AHEAD_HOURS: i64 = 24;

/// The maximum number of hours further ahead that are remembered: more than 41 days of them. A full run
/// searches again.
const MOST_AHEAD: usize = 1000;

/// The state of the sources, and the decision for the run.
pub(crate) struct RunPlan {
    pub(crate) kind: RunKind,
    /// The reason why an incremental run became a full run.
    pub(crate) why_full: Option<String>,
    pub(crate) range: Option<HourRange>,
    /// The number of new rows, without those outside of the hours that a run may read.
    pub(crate) new_rows: u64,
    pub(crate) telemetry: Telemetry,
    /// The checkpoint that the run stores if it finds nothing to load; a load adds to it.
    pub(crate) left: Option<Checkpoint>,
    /// The plan of the load; `None` if there is nothing to load.
    pub(crate) work: Option<LoadPlan>,
}

/// The error, by the database that failed.
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

/// Reads everything small, and decides what the run does.
pub(crate) async fn look(context: &PipelineContext, ask: RunRequest) -> Result<RunPlan, Failed> {
    let warehouse = &context.warehouse;
    let open_crm =
        async |floor| OpenCrm::open(&context.crm, &context.crm_config, floor).await.map_err(Failed::Crm);
    let open_telemetry = async |floor| {
        Telemetry::open(&context.telemetry, &context.telemetry_config, floor).await.map_err(Failed::Telemetry)
    };
    let finding = async {
        let state = async { state::read(warehouse).await.map_err(Failed::Warehouse) };
        let (state, mut telemetry) = tokio::try_join!(state, open_telemetry(0))?;
        if telemetry.snapshot().version() <= state.newest_version {
            telemetry = open_telemetry(state.newest_version).await?;
        }
        let left = state.baseline.as_deref().map(serde_json::from_str::<Checkpoint>);
        let found = Detection::new(context, ask, &telemetry, left.as_ref()).await?;
        Ok((state, telemetry, left, found))
    };
    let (mut crm, (state, telemetry, left, found)) = tokio::try_join!(open_crm(0), finding)?;
    if crm.snapshot().version() <= state.newest_version {
        crm = open_crm(state.newest_version).await?;
    }
    if let Some(holder) = &telemetry.changes().held_back_by {
        tracing::warn!(
            pid = holder.pid,
            application = holder.application,
            age_s = holder.age_s,
            "a long-running transaction on the source holds back data freshness; its rows are loaded after it commits"
        );
    }
    let agreed = CrmFingerprint { fingerprint: crm.fingerprint().to_owned(), stamp: state.standing.stamp };
    // A full run compares in any case: it repairs what others have changed in the stored dimensions.
    let is_stored = found.kind != RunKind::Full
        && state.standing.is_settled()
        && left.is_some_and(|left| left.is_ok_and(|left| left.crm.as_ref() == Some(&agreed)));
    let must_load = found.kind != RunKind::Incremental || found.new.is_some();
    let work = match must_load || !is_stored {
        true => {
            let within = within(context, &telemetry, found.range.as_ref())?;
            let few_chips = context.config.few_chips;
            let scope = RunScope { within, range: found.range, new: found.new, few_chips };
            let limit = context.vanish_limit();
            let work =
                LoadPlan::new(&context.warehouse, state.standing, &crm, is_stored, scope, limit).await?;
            (must_load || work.is_needed).then_some(work)
        }
        false => None,
    };
    let crm = work.is_none().then_some(agreed);
    Ok(RunPlan {
        kind: found.kind,
        why_full: found.why_full,
        range: found.range,
        new_rows: found.new_rows,
        left: found.baseline.map(|left| Checkpoint { crm, ..left }),
        telemetry,
        work,
    })
}

/// The new telemetry, and the kind of run that follows from it.
struct Detection {
    kind: RunKind,
    why_full: Option<String>,
    range: Option<HourRange>,
    new: Option<NewRows>,
    new_rows: u64,
    baseline: Option<Checkpoint>,
}

impl Detection {
    async fn new(
        context: &PipelineContext,
        ask: RunRequest,
        telemetry: &Telemetry,
        left: Option<&Result<Checkpoint, serde_json::Error>>,
    ) -> Result<Detection> {
        let nothing = Detection {
            kind: RunKind::Range,
            why_full: None,
            range: None,
            new: None,
            new_rows: 0,
            baseline: None,
        };
        if let RunRequest::Range(range) = ask {
            return Ok(Detection { range: Some(retained(context, telemetry, range)?), ..nothing });
        }
        let now = telemetry.snapshot().taken_at;
        let readable = readable_until(now);
        let first = kept_from(context, now).max(first_hour(context, now));
        let lookback = HourRange::lookback(now, context.config.lookback_days)?;
        let lookback = HourRange::new(lookback.from().max(first), readable.min(END_OF_HOURS))?;
        let (since, previous) = match left {
            None => (Since::Lost(no_baseline(telemetry)), None),
            Some(Err(_)) => (Since::Lost("another version of this program stored it".to_owned()), None),
            Some(Ok(left)) => (telemetry.since(&left.telemetry).await?, Some(left)),
        };
        let (mut new, lost) = match since {
            Since::Nothing => (None, None),
            Since::New(rows) => (Some(rows), None),
            Since::Lost(why) => (None, Some(why)),
        };
        if let (Some(why), Some(_)) = (&lost, left) {
            tracing::warn!(
                why,
                "the baseline is lost: the lookback is read completely, and older days are compared with the source"
            );
        }
        let previous = previous.filter(|_| lost.is_none());
        let is_full = ask == RunRequest::Full || lost.is_some();
        let new_rows = new.as_ref().map_or(0, |new| new.rows);
        let mut ahead: BTreeSet<i64> = previous.map(|left| left.ahead.clone()).unwrap_or_default();
        match is_full {
            true => ahead.extend(telemetry.hours_from(readable, MOST_AHEAD).await?),
            false => ahead.extend(new.iter().flat_map(|new| new.hours_from(readable))),
        }
        let still_ahead = ahead.split_off(&hour_number(readable));
        // Hours that could not be read before are retried.
        let again = previous.filter(|_| is_full).into_iter().flat_map(|left| left.unreadable.iter().copied());
        let whole: Vec<i64> = ahead.into_iter().chain(again).collect();
        if !whole.is_empty() {
            new = Some(new.unwrap_or_default().and_hours(whole));
        }
        let unreadable =
            previous.filter(|_| !is_full).map(|left| left.unreadable.clone()).unwrap_or_default();
        // A first run, and one whose baseline is lost, has covered the lookback only.
        let compare_from = previous.map_or(telemetry.snapshot().version(), |left| left.compare_from);
        let baseline = telemetry.baseline(previous.map(|left| &left.telemetry)).map(|telemetry| Checkpoint {
            telemetry,
            crm: None,
            ahead: still_ahead.into_iter().take(MOST_AHEAD).collect(),
            unreadable,
            compare_from,
        });
        Ok(Detection {
            kind: if is_full { RunKind::Full } else { RunKind::Incremental },
            range: is_full.then_some(lookback),
            new_rows,
            new,
            baseline,
            why_full: lost.filter(|_| ask == RunRequest::Incremental),
        })
    }
}

/// Returns the time up to which a run reads. Rows dated later wait.
pub(crate) fn readable_until(now: DateTime<Utc>) -> DateTime<Utc> {
    floor_to_hour(now) + TimeDelta::hours(1 + AHEAD_HOURS)
}

fn hour_number(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3600)
}

/// Returns the first hour of which the source keeps everything, if that is configured. Older rows that the
/// source no longer has stay in the mart.
pub(crate) fn kept_from(context: &PipelineContext, now: DateTime<Utc>) -> DateTime<Utc> {
    let Some(days) = context.telemetry_config.keeps else { return FIRST_HOUR };
    // The hour in which the source's retention ends is half deleted.
    (floor_to_hour(now) + TimeDelta::hours(1) - TimeDelta::days(i64::from(days))).max(FIRST_HOUR)
}

fn no_baseline(telemetry: &Telemetry) -> String {
    format!("no run has stored a baseline; new rows are found as follows: {}", telemetry.changes().reason)
}

/// Returns the hours that a run may read.
fn within(context: &PipelineContext, telemetry: &Telemetry, range: Option<&HourRange>) -> Result<HourRange> {
    let now = telemetry.snapshot().taken_at;
    let end = range.map_or(readable_until(now), |range| readable_until(now).max(range.to()));
    HourRange::new(first_hour(context, now).max(kept_from(context, now)), end.min(END_OF_HOURS))
}

/// Returns the first hour that the mart retains.
pub(crate) fn first_hour(context: &PipelineContext, now: DateTime<Utc>) -> DateTime<Utc> {
    load::retained_from(&context.warehouse, now).map_or(FIRST_HOUR, midnight).max(FIRST_HOUR)
}

/// Returns the requested range, cut to what the source keeps. Refuses a range that begins before the mart's
/// retention.
pub(crate) fn retained(
    context: &PipelineContext,
    telemetry: &Telemetry,
    range: HourRange,
) -> Result<HourRange> {
    let now = telemetry.snapshot().taken_at;
    let first_day = first_hour(context, now);
    if first_day <= range.from() {
        let kept = kept_from(context, now);
        if kept <= range.from() {
            return Ok(range);
        }
        tracing::warn!(%kept, "the range begins before what the source keeps: older rows stay as they are");
        return HourRange::new(kept, range.to()).map_err(|error| {
            error.hint(format!(
                "according to telemetry.keeps, the source keeps rows from {kept} on: begin there or later"
            ))
        });
    }
    let first_day = first_day.date_naive();
    Err(Error::new(Kind::Usage, "the range begins before what the mart retains")
        .detail(format!("{range}; the mart retains rows from {first_day} on"))
        .hint(format!("begin at --from {first_day} or later")))
}
