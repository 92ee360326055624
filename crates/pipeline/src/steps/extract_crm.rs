//! `extract_crm_data`: the CRM's whole state and the history of ownership, as one file.

use std::collections::{BTreeMap, HashMap, HashSet};

use bionicpro_model::{Result, RunId};
use bionicpro_sources::Crm;
use bionicpro_sources::crm::{Customer, Prosthesis};
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::owners::{self, Ownership};
use uuid::Uuid;

use crate::context::PipelineContext;
use crate::files::crm::{self as file, CrmRow};
use crate::owners::{Current, merge};
use crate::report::StepReport;
use crate::stage::{Manifest, StagedName};

pub(super) async fn extract(context: &PipelineContext, run: &RunId) -> Result<StepReport> {
    let history = owners::read(&context.warehouse).await?;
    let crm = Crm::read(&context.crm, &context.crm_config, 0).await?;
    let (rows, mut counts) = rows(&crm, history);
    let written = context.stage.write(run, StagedName::Crm, move |upload| file::write(upload, &rows)).await?;
    counts.insert("bytes".to_owned(), written.bytes);
    let mut report = StepReport::new(run, Step::ExtractCrmData);
    report.snapshot = Some(crm.snapshot.transactions.clone());
    report.files = vec![format!("{run}/{}", StagedName::Crm.file())];
    report.counts = counts.clone();
    let manifest = Manifest {
        run: run.clone(),
        step: super::name(Step::ExtractCrmData).to_owned(),
        file: StagedName::Crm.file().to_owned(),
        rows: written.value,
        bytes: written.bytes,
        sha256: written.sha256,
        snapshot: crm.snapshot,
        horizon: None,
        range: None,
        counts,
        inputs: BTreeMap::new(),
        days: Vec::new(),
    };
    context.stage.seal(StagedName::Crm, &manifest).await?;
    Ok(report)
}

/// The file's rows and what was counted.
fn rows(crm: &Crm, history: Vec<Ownership>) -> (Vec<CrmRow>, BTreeMap<String, u64>) {
    let customers: HashMap<Uuid, &Customer> = crm.customers.iter().map(|row| (row.id, row)).collect();
    let mut current = Vec::new();
    let (mut without_customer, mut without_model) = (0_u64, 0_u64);
    let mut owned: Vec<(&Prosthesis, Uuid)> = Vec::new();
    for prosthesis in &crm.prostheses {
        without_model += u64::from(prosthesis.model.is_none());
        let Some(user_id) = prosthesis.customer_id.filter(|id| customers.contains_key(id)) else {
            without_customer += 1;
            continue;
        };
        owned.push((prosthesis, user_id));
        if let Some(chip_id) = &prosthesis.chip_id {
            current.push(Current {
                chip_id: chip_id.clone(),
                user_id,
                prosthesis_id: prosthesis.id,
                prosthesis_model: prosthesis.model.clone().unwrap_or_default(),
            });
        }
    }
    let serials: HashMap<Uuid, &str> =
        crm.prostheses.iter().map(|row| (row.id, row.serial_number.as_str())).collect();
    let owners = merge(history, current, crm.snapshot.taken_at);
    let person = |user_id: Uuid| {
        let customer = customers.get(&user_id);
        CrmRow {
            user_id,
            ldap_username: customer.map(|row| row.ldap_username.clone()),
            customer_name: customer.map(|row| row.name.clone()),
            customer_email: customer.map(|row| row.email.clone()),
            prosthesis_id: None,
            chip_id: None,
            serial_number: None,
            prosthesis_model: None,
            valid_from: None,
            valid_to: None,
        }
    };
    let mut rows: Vec<CrmRow> = Vec::with_capacity(owners.len() + customers.len());
    let with_prosthesis: HashSet<Uuid> = owned.iter().map(|(_, user)| *user).collect();
    for customer in &crm.customers {
        if !with_prosthesis.contains(&customer.id) {
            rows.push(person(customer.id));
        }
    }
    for (prosthesis, user_id) in owned.iter().filter(|(prosthesis, _)| prosthesis.chip_id.is_none()) {
        rows.push(CrmRow {
            prosthesis_id: Some(prosthesis.id),
            serial_number: Some(prosthesis.serial_number.clone()),
            prosthesis_model: prosthesis.model.clone(),
            ..person(*user_id)
        });
    }
    let intervals = owners.len() as u64;
    for owner in owners {
        rows.push(CrmRow {
            prosthesis_id: Some(owner.prosthesis_id),
            serial_number: serials.get(&owner.prosthesis_id).map(|serial| (*serial).to_owned()),
            chip_id: Some(owner.chip_id),
            prosthesis_model: Some(owner.prosthesis_model),
            valid_from: Some(owner.valid_from),
            valid_to: owner.valid_to,
            ..person(owner.user_id)
        });
    }
    if without_customer + without_model > 0 {
        tracing::warn!(
            without_customer,
            without_model,
            "prostheses of the CRM point at rows that do not exist"
        );
    }
    let counts = [
        ("customers", crm.customers.len() as u64),
        ("prostheses", crm.prostheses.len() as u64),
        ("ownerships", intervals),
        ("prostheses_without_customer", without_customer),
        ("prostheses_without_model", without_model),
    ];
    (rows, counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect())
}
