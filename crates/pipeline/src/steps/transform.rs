//! `transform_and_join`: joins the staged files into rows of the mart. Reads no data from a source or from
//! the warehouse.

use std::collections::BTreeMap;

use bionicpro_model::{Result, RunId};
use bionicpro_warehouse::ledger::Step;

use crate::context::PipelineContext;
use crate::files::mart::MartTable;
use crate::files::{Source, cells, crm, owners};
use crate::join::{Directory, Joined, Joiner};
use crate::report::StepReport;
use crate::stage::{Manifest, StagedFile, StagedName, Upload};

pub(super) async fn transform(context: &PipelineContext, run: &RunId) -> Result<StepReport> {
    let (step, name) = (Step::TransformAndJoin, StagedName::Mart);
    let open = |name| context.stage.open_file(run, name);
    let (crm, owners, telemetry) =
        tokio::try_join!(open(StagedName::Crm), open(StagedName::Owners), open(StagedName::Telemetry))?;
    if telemetry.manifest.inputs.get(StagedName::Owners.file()) != Some(&owners.manifest.sha256) {
        return Err(super::input_mismatch()
            .detail(format!("{run}: telemetry.parquet was made from another owners.parquet"))
            .hint(format!(
                "run `bionicpro etl extract-telemetry --run {run}` again, then the steps after it"
            )));
    }
    let inputs = [&crm, &owners, &telemetry]
        .map(|input| (input.manifest.file.clone(), input.manifest.sha256.clone()))
        .into_iter()
        .collect();
    let source = telemetry.manifest.clone();
    let version = source.snapshot.version();
    let created_at = source.snapshot.taken_at.timestamp() * 1_000_000;
    let work = move |upload: &mut Upload| join(crm, owners, telemetry, upload, version, created_at);
    let mut written = context.stage.write(run, name, work).await?;
    let days = std::mem::take(&mut written.value.days);
    let joined = &written.value;
    let counts: BTreeMap<String, u64> = [
        ("rows", source.count("rows")),
        ("cells", joined.rows - joined.tombstones),
        ("movements", joined.movements),
        ("tombstones", joined.tombstones),
        ("orphan_chips", joined.orphan_chips),
        ("orphan_cells", joined.orphan_cells),
        ("orphan_movements", joined.orphan_movements),
        ("anomalies", source.count("anomalies")),
        ("bytes", written.bytes),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect();
    let mut report = StepReport::new(run, step);
    report.kind = source.kind;
    report.form.clone_from(&source.form);
    report.range = source.range;
    report.version = Some(version);
    report.snapshot = Some(source.snapshot.transactions.clone());
    report.horizon = source.horizon;
    report.files = vec![format!("{run}/{}", name.file())];
    report.counts.clone_from(&counts);
    let manifest = Manifest {
        horizon: source.horizon,
        range: source.range,
        kind: source.kind,
        form: source.form,
        baseline: source.baseline,
        counts,
        inputs,
        days,
        ..Manifest::new(run, step, name, source.snapshot, joined.rows, &written)
    };
    context.stage.seal(name, &manifest).await?;
    Ok(report)
}

/// Streams the cells through the join, with one row group in memory at a time.
fn join(
    crm: StagedFile,
    owners: StagedFile,
    telemetry: StagedFile,
    upload: &mut Upload,
    version: u64,
    created_at: i64,
) -> Result<Joined> {
    let people = crm::read(&Source::new(crm.file, crm::SCHEMA)?)?;
    let directory = Directory::new(&people, &owners::read(&Source::new(owners.file, owners::SCHEMA)?)?)?;
    let mut joiner = Joiner::new(&directory, MartTable::new(upload, version, created_at)?);
    for group in Source::new(telemetry.file, cells::SCHEMA)?.row_groups() {
        joiner.add(&cells::read(group?)?)?;
    }
    joiner.finish()
}
