//! `extract_crm_data`: who people are, as one file.

use std::collections::BTreeMap;

use bionicpro_model::{Result, RunId, Snapshot};
use bionicpro_sources::Crm;
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::state;

use crate::context::PipelineContext;
use crate::dimensions::people;
use crate::files::crm::{self as file, CrmRow};
use crate::report::StepReport;
use crate::stage::{Manifest, StagedName};

pub(super) async fn extract(context: &PipelineContext, run: &RunId) -> Result<StepReport> {
    let floor = state::read(&context.warehouse).await?.newest_version;
    let crm = Crm::read(&context.crm, &context.crm_config, floor).await?;
    let (people, counts) = people(&crm);
    stage(context, run, people, counts, crm.snapshot).await
}

pub(super) async fn stage(
    context: &PipelineContext,
    run: &RunId,
    people: Vec<CrmRow>,
    mut counts: BTreeMap<String, u64>,
    snapshot: Snapshot,
) -> Result<StepReport> {
    let (step, name) = (Step::ExtractCrmData, StagedName::Crm);
    let written = context.stage.write(run, name, move |upload| file::write(upload, &people)).await?;
    counts.insert("bytes".to_owned(), written.bytes);
    let mut report = StepReport::new(run, step);
    report.snapshot = Some(snapshot.transactions.clone());
    report.files = vec![format!("{run}/{}", name.file())];
    report.counts.clone_from(&counts);
    let manifest = Manifest { counts, ..Manifest::new(run, step, name, snapshot, written.value, &written) };
    context.stage.seal(name, &manifest).await?;
    Ok(report)
}
