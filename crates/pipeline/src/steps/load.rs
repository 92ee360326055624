//! `load_to_clickhouse`: the mart, the dimensions, the comparison. The ledger entry `done` follows, and moves
//! the baseline.
//!
//! The order lets the next run repair a load that was interrupted anywhere: moves between owners are noted
//! before the mart is changed, and the ownership intervals are stored after all rows have moved.

use std::collections::{BTreeMap, HashSet};

use bionicpro_model::{Condition, Error, Kind, Result, RunId};
use bionicpro_sources::{Lock, Session};
use bionicpro_warehouse::ledger::{self, Step};
use bionicpro_warehouse::load::{self, Changed, Dimensions, LoadSpec, Tombstones};
use bionicpro_warehouse::state::{self, DimensionState, DimensionVersions};
use bionicpro_warehouse::{Warehouse, changes, pending};
use uuid::Uuid;

use crate::checkpoint::{Checkpoint, CrmFingerprint};
use crate::context::PipelineContext;
use crate::dimensions::{checksum, dimensions};
use crate::files::crm::CrmRow;
use crate::files::owners::Owners;
use crate::files::{Source, crm, owners};
use crate::owners::former;
use crate::reconcile;
use crate::report::StepReport;
use crate::stage::{Manifest, Merged, StagedFile, StagedName};

/// Everything that a load needs before it touches the warehouse.
pub(super) struct Prepared {
    staged: Staged,
    /// Excludes other loads.
    lock: Lock,
    /// The stored state, read under the lock.
    standing: DimensionState,
}

/// Opens the run's files, takes the lock, and reads the stored state.
///
/// `session` is a session of the telemetry database for the lock, if one is already open.
pub(super) async fn prepare(
    context: &PipelineContext,
    run: &RunId,
    session: Option<Session>,
) -> Result<Prepared> {
    let look = async {
        let session = match session {
            Some(session) => session,
            None => context.telemetry.connect().await?,
        };
        let lock = Lock::take(session, &format!("bionicpro load {}", context.warehouse_name)).await?;
        Ok((lock, state::standing(&context.warehouse).await?))
    };
    let (staged, (lock, standing)) = tokio::try_join!(Staged::open(context, run), look)?;
    Ok(Prepared { staged, lock, standing })
}

/// Loads the staged files. The caller releases the lock.
pub(super) async fn load(
    context: &PipelineContext,
    Prepared { staged, lock, standing }: Prepared,
) -> Result<(StepReport, Lock)> {
    let (warehouse, run) = (&context.warehouse, &staged.owners_manifest.run);
    let manifest = &staged.mart.manifest;
    let spec = LoadSpec {
        run: run.clone(),
        range: manifest.range,
        version: manifest.snapshot.version(),
        days: manifest.days.iter().map(|day| day.date).collect(),
        rows: manifest.rows,
        tombstones: manifest.count("tombstones"),
    };
    // Of two snapshots with the same version, it cannot be determined which is newer.
    if manifest.snapshot.is_behind() && ledger::is_taken(warehouse, spec.version, run).await? {
        return Err(staged.outdated("another run has taken the same version"));
    }
    let state_version = staged.owners_manifest.snapshot.version();
    let change = match staged.is_stored(&standing) {
        true => Change::default(),
        false => staged.change(warehouse, &standing).await?,
    };

    pending::write(warehouse, state_version, &change.owners.applied).await?;
    let hides =
        Tombstones { former: former(&change.owners.was), gone: change.gone, limit: context.vanish_limit() };
    let shown =
        load::store(warehouse, staged.mart.pieces()?, &spec, &standing, &hides, still_alone(&lock)).await?;
    let dimensions = async {
        match &change.dimensions {
            None => load::confirm_dimensions(warehouse, state_version).await,
            Some(dimensions) => load::upsert_dimensions(warehouse, dimensions, state_version).await,
        }
    };
    let (changed, reconciled) =
        tokio::join!(dimensions, reconcile::reconcile(warehouse, &staged.mart, &spec));
    let (changed, reconciled) = (changed?, reconciled?);
    let restated = load::restate(warehouse, &changed).await?;
    tokio::try_join!(still_alone(&lock), changes::settle(warehouse, &standing))?;
    let baseline = staged.baseline(&standing, &changed, !change.owners.applied.is_empty())?;

    let manifest = staged.mart.manifest;
    let mut report = StepReport::new(run, Step::LoadToClickhouse);
    report.kind = manifest.kind;
    report.form.clone_from(&manifest.form);
    report.baseline = baseline;
    report.range = manifest.range;
    report.version = Some(spec.version);
    report.snapshot = Some(manifest.snapshot.transactions.clone());
    report.horizon = manifest.horizon;
    report.counts = BTreeMap::from([
        ("rows".to_owned(), manifest.count("rows")),
        ("cells".to_owned(), manifest.count("cells")),
        ("orphan_cells".to_owned(), manifest.count("orphan_cells")),
        ("anomalies".to_owned(), manifest.count("anomalies")),
        ("bytes".to_owned(), shown.bytes),
        ("tombstones".to_owned(), shown.tombstones + manifest.count("tombstones")),
        ("restated".to_owned(), restated),
        ("dimension_rows".to_owned(), changed.rows),
        ("days_reconciled".to_owned(), reconciled.days),
        ("days_superseded".to_owned(), reconciled.superseded),
    ]);
    Ok((report, lock))
}

/// Fails if another load may have begun.
async fn still_alone(lock: &Lock) -> Result<()> {
    if lock.is_held().await {
        return Ok(());
    }
    Err(Error::new(Kind::Unreachable, "the lock of the load was lost")
        .hint("the connection to the telemetry database broke; load again"))
}

/// The changes that a load makes to the dimensions; empty if these are stored already.
#[derive(Default)]
struct Change {
    /// The dimensions to store.
    dimensions: Option<Dimensions>,
    owners: Owners,
    /// Customers who are stored and no longer in the CRM.
    gone: Vec<Uuid>,
}

/// The files of a run that belong together.
struct Staged {
    mart: StagedFile,
    people: StagedFile,
    owners: StagedFile,
    owners_manifest: Manifest,
    merged: Merged,
}

impl Staged {
    async fn open(context: &PipelineContext, run: &RunId) -> Result<Staged> {
        let open = |name| context.stage.open_file(run, name);
        let (mart, people, owners) =
            tokio::try_join!(open(StagedName::Mart), open(StagedName::Crm), open(StagedName::Owners))?;
        for input in [&people.manifest, &owners.manifest] {
            if mart.manifest.inputs.get(&input.file) != Some(&input.sha256) {
                return Err(super::input_mismatch()
                    .detail(format!("{run}: mart.parquet was made from another {}", input.file))
                    .hint(format!("run `bionicpro etl transform --run {run}` again, then load")));
            }
        }
        let owners_manifest = owners.manifest.clone();
        let Some(merged) = owners_manifest.merged.clone() else {
            return Err(Error::new(
                Kind::Data,
                "the staged ownership does not name the state it is based on",
            )
            .detail(run.to_string()));
        };
        Ok(Staged { mart, people, owners, owners_manifest, merged })
    }

    /// The error of staged files that were made from an outdated state.
    fn outdated(&self, why: &'static str) -> Error {
        let run = &self.owners_manifest.run;
        Error::new(Kind::Data, why).condition(Condition::InputOutdated).detail(run.to_string()).hint(format!(
            "run both extractions of {run} again, then the steps after them; `etl run` does so by itself"
        ))
    }

    /// Returns true if both extractions saw the same CRM.
    fn is_of_one_crm(&self) -> bool {
        let crm = &self.owners_manifest.crm;
        crm.is_some() && *crm == self.people.manifest.crm
    }

    /// Returns the version of the CRM snapshot that `crm.parquet` was read from.
    fn people_version(&self) -> u64 {
        self.people.manifest.snapshot.version()
    }

    /// Returns true if nothing has to be stored: the extraction found the dimensions stored, no load has
    /// stored another state since, and the mart reflects all of it.
    fn is_stored(&self, standing: &DimensionState) -> bool {
        self.merged.stored.is_none()
            && self.is_of_one_crm()
            && standing.stamp == self.merged.stamp
            && standing.is_settled()
            && self.people_version() >= standing.stamp.dimensions
    }

    /// Reads the staged and the stored dimensions. The moves between owners were computed from one stored
    /// state; applied to any other, they would leave rows behind.
    async fn change(&self, warehouse: &Warehouse, standing: &DimensionState) -> Result<Change> {
        if self.merged.is_part {
            return Err(self.outdated("another load changed ownership since the extraction"));
        }
        let (people, owners) = (self.people.again()?, self.owners.again()?);
        let read = move || -> Result<(Vec<CrmRow>, Owners)> {
            Ok((
                crm::read(&Source::new(people, crm::SCHEMA)?)?,
                owners::read(&Source::new(owners, owners::SCHEMA)?)?,
            ))
        };
        let (people, owners) = tokio::task::spawn_blocking(read).await.map_err(|error| {
            Error::new(Kind::Internal, "the reader of a staged file stopped").source(error)
        })??;
        let dimensions =
            dimensions(&people, owners.intervals.iter().map(|(interval, _)| interval.clone()).collect());
        let (stored, cut_off) = tokio::try_join!(
            load::dimensions(warehouse),
            pending::read(warehouse, standing.stamp.dimensions)
        )?;
        let own = self.owners_manifest.snapshot.version();
        let mut cut_off = cut_off.iter().map(|(version, _)| version);
        let knows_all = cut_off.all(|version| *version == own || self.merged.cut_off.contains(version));
        let is_older = self.people_version() < standing.stamp.dimensions;
        // An interrupted load of this run may have stored some of the three already.
        let (now, wanted) = (checksum(&stored), checksum(&dimensions));
        let was = self.merged.stored.as_ref().unwrap_or(&wanted);
        let is_known = standing.stamp == self.merged.stamp
            || (0..now.len()).all(|table| now[table] == was[table] || now[table] == wanted[table]);
        if !knows_all || !((is_known && !is_older) || now == wanted) {
            return Err(self.outdated("another load changed ownership since the extraction"));
        }
        let customers: HashSet<Uuid> = dimensions.users.iter().map(|row| row.user_id).collect();
        let left = stored.users.iter().map(|row| row.user_id).filter(|user| !customers.contains(user));
        Ok(Change { gone: left.collect(), dimensions: Some(dimensions), owners })
    }

    /// Returns the checkpoint for the next run, now that everything is stored. `standing` was read before,
    /// under the lock.
    fn baseline(
        &self,
        standing: &DimensionState,
        changed: &Changed,
        has_moved: bool,
    ) -> Result<Option<String>> {
        let Some(text) = &self.mart.manifest.baseline else { return Ok(None) };
        // A newer state than this load's was stored already, or two states of the CRM are mixed.
        let (true, Some(fingerprint)) =
            (changed.version > 0 && self.is_of_one_crm(), &self.owners_manifest.crm)
        else {
            return Ok(Some(text.clone()));
        };
        let moved_to = |is_moved: bool, was: u64| if is_moved { was.max(changed.version) } else { was };
        let stamp = DimensionVersions {
            dimensions: changed.version,
            changing: moved_to(changed.rows > 0, standing.stamp.changing),
            pending: moved_to(has_moved, standing.stamp.pending),
        };
        Checkpoint::with(text, CrmFingerprint { fingerprint: fingerprint.clone(), stamp }).map(Some)
    }
}
