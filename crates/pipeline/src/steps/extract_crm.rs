//! `extract_crm_data`: customers and their prostheses, as one file.

use std::sync::Arc;

use bionicpro_model::{Result, RunId};
use bionicpro_sources::Crm;
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::state;

use super::notes;
use crate::context::PipelineContext;
use crate::dimensions::{People, people};
use crate::files::crm as file;
use crate::report::StepReport;
use crate::stage::{Manifest, StagedName};

pub(super) async fn extract(context: &PipelineContext, run: &RunId) -> Result<StepReport> {
    let floor = state::read(&context.warehouse).await?.newest_version;
    let crm = Crm::read(&context.crm, &context.crm_config, floor).await?;
    stage(context, run, Arc::new(people(&crm))).await
}

pub(super) async fn stage(context: &PipelineContext, run: &RunId, people: Arc<People>) -> Result<StepReport> {
    let (step, name) = (Step::ExtractCrmData, StagedName::Crm);
    let of = people.clone();
    let written = context.stage.write(run, name, move |upload| file::write(upload, &of.rows)).await?;
    let mut report = StepReport::new(run, step);
    report.snapshot = Some(people.snapshot.transactions.clone());
    report.files = vec![format!("{run}/{}", name.file())];
    report.counts.clone_from(&people.counts);
    report.counts.insert("bytes".to_owned(), written.bytes);
    if !people.unreadable.is_empty() {
        let named = notes(&people.unreadable, "values");
        tracing::warn!(
            values = people.unreadable.len(),
            named,
            "values of the CRM cannot be read and count as unknown"
        );
        report.notes = Some(named);
    }
    let manifest = Manifest {
        counts: report.counts.clone(),
        crm: Some(people.fingerprint.clone()),
        ..Manifest::new(run, step, name, people.snapshot.clone(), written.value, &written)
    };
    context.stage.seal(name, &manifest).await?;
    Ok(report)
}
