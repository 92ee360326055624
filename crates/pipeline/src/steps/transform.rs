//! `transform_and_join`: both staged files into rows of the mart. Asks neither a source nor the warehouse for data.

use std::collections::BTreeMap;

use bionicpro_model::{Result, RunId};
use bionicpro_warehouse::ledger::Step;

use crate::context::PipelineContext;
use crate::files::mart::MartTable;
use crate::files::{Source, cells, crm};
use crate::join::{Directory, Joined, Joiner};
use crate::report::StepReport;
use crate::stage::{Manifest, StagedFile, StagedName, Upload};

pub(super) async fn transform(context: &PipelineContext, run: &RunId) -> Result<StepReport> {
    let crm = context.stage.open_file(run, StagedName::Crm).await?;
    let telemetry = context.stage.open_file(run, StagedName::Telemetry).await?;
    let inputs = [StagedName::Crm, StagedName::Telemetry]
        .map(StagedName::file)
        .into_iter()
        .map(str::to_owned)
        .zip([crm.manifest.sha256.clone(), telemetry.manifest.sha256.clone()])
        .collect();
    let source = telemetry.manifest.clone();
    let version = source.snapshot.version();
    let created_at = source.snapshot.taken_at.timestamp() * 1_000_000;
    let written = context
        .stage
        .write(run, StagedName::Mart, move |upload| join(crm, telemetry, upload, version, created_at))
        .await?;
    let joined = written.value;
    let counts: BTreeMap<String, u64> = [
        ("rows", source.count("rows")),
        ("cells", joined.rows),
        ("movements", joined.movements),
        ("orphan_chips", joined.orphan_chips),
        ("orphan_cells", joined.orphan_cells),
        ("orphan_movements", joined.orphan_movements),
        ("anomalies", source.count("anomalies")),
        ("bytes", written.bytes),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect();
    let mut report = StepReport::new(run, Step::TransformAndJoin);
    report.range = source.range;
    report.version = Some(version);
    report.snapshot = Some(source.snapshot.transactions.clone());
    report.horizon = source.horizon;
    report.files = vec![format!("{run}/{}", StagedName::Mart.file())];
    report.counts = counts.clone();
    let manifest = Manifest {
        run: run.clone(),
        step: super::name(Step::TransformAndJoin).to_owned(),
        file: StagedName::Mart.file().to_owned(),
        rows: joined.rows,
        bytes: written.bytes,
        sha256: written.sha256,
        snapshot: source.snapshot,
        horizon: source.horizon,
        range: source.range,
        counts,
        inputs,
        days: joined.days,
    };
    context.stage.seal(StagedName::Mart, &manifest).await?;
    Ok(report)
}

/// Streams the cells through the join: one row group in memory at a time.
fn join(
    crm: StagedFile,
    telemetry: StagedFile,
    upload: &mut Upload,
    version: u64,
    created_at: i64,
) -> Result<Joined> {
    let directory = Directory::new(&crm::read(&Source::new(crm.file)?)?);
    let mut joiner = Joiner::new(&directory, MartTable::new(upload, version, created_at)?);
    for group in Source::new(telemetry.file)?.row_groups() {
        joiner.add(&cells::read(group?)?)?;
    }
    joiner.finish()
}
