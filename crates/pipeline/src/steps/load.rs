//! `load_to_clickhouse`: the mart, the dimensions, the comparison. The ledger's `done` follows, and moves the horizon.

use std::collections::BTreeMap;

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_warehouse::ledger::Step;
use bionicpro_warehouse::load::{self, Dimensions, LoadSpec, UserProsthesisRow, UserRow};
use bionicpro_warehouse::owners::Ownership;

use crate::context::PipelineContext;
use crate::files::crm::CrmRow;
use crate::files::{Source, crm};
use crate::reconcile;
use crate::report::StepReport;
use crate::stage::{StagedName, pieces};

pub(super) async fn load(context: &PipelineContext, run: &RunId) -> Result<StepReport> {
    let warehouse = &context.warehouse;
    let mart = context.stage.open_file(run, StagedName::Mart).await?;
    let crm = context.stage.open_file(run, StagedName::Crm).await?;
    let manifest = mart.manifest;
    if manifest.inputs.get(StagedName::Crm.file()) != Some(&crm.manifest.sha256) {
        return Err(Error::new(Kind::Data, "the staged files do not belong together")
            .detail(format!("{run}: mart.parquet was made from another crm.parquet"))
            .hint(format!("run `bionicpro etl transform --run {run}` again, then load")));
    }
    let Some(range) = manifest.range else {
        return Err(Error::new(Kind::Data, "the staged mart names no range").detail(run.to_string()));
    };
    let spec = LoadSpec {
        run: run.clone(),
        range: Some(range),
        version: manifest.snapshot.version(),
        days: manifest.days.iter().map(|day| day.date).collect(),
        rows: manifest.rows,
    };
    let crm_version = crm.manifest.snapshot.version();
    let rows = tokio::task::spawn_blocking(move || crm::read(&Source::new(crm.file)?))
        .await
        .map_err(|error| Error::new(Kind::Internal, "the reader of a staged file stopped").source(error))??;

    // The owners go first: whoever sees a new row of the mart can already look its owner up.
    load::upsert_dimensions(warehouse, &dimensions(rows), crm_version).await?;
    let bytes =
        if manifest.rows == 0 { 0 } else { load::insert_mart(warehouse, pieces(mart.file), &spec).await? };
    let tombstones = load::tombstone_vanished(warehouse, &spec).await?;
    let answered = load::day_totals(warehouse, &range).await?;
    let reconciled = reconcile::compare(&manifest.days, &answered, spec.version)?;

    let mut report = StepReport::new(run, Step::LoadToClickhouse);
    report.range = Some(range);
    report.version = Some(spec.version);
    report.snapshot = Some(manifest.snapshot.transactions.clone());
    report.horizon = manifest.horizon;
    report.counts = BTreeMap::from([
        ("rows".to_owned(), manifest.count("rows")),
        ("cells".to_owned(), manifest.rows),
        ("orphan_cells".to_owned(), manifest.count("orphan_cells")),
        ("anomalies".to_owned(), manifest.count("anomalies")),
        ("bytes".to_owned(), bytes),
        ("tombstones".to_owned(), tombstones),
        ("days_reconciled".to_owned(), reconciled.days),
        ("days_superseded".to_owned(), reconciled.superseded),
    ]);
    Ok(report)
}

/// The dimensions as the rows of `crm.parquet` give them.
fn dimensions(rows: Vec<CrmRow>) -> Dimensions {
    let mut dimensions = Dimensions::default();
    let mut users = BTreeMap::new();
    for row in rows {
        if let Some(customer_name) = row.customer_name {
            users.entry(row.user_id).or_insert_with(|| UserRow {
                user_id: row.user_id,
                ldap_username: row.ldap_username.unwrap_or_default(),
                customer_name,
                customer_email: row.customer_email.unwrap_or_default(),
            });
        }
        let Some(prosthesis_id) = row.prosthesis_id else { continue };
        let chip_id = row.chip_id.unwrap_or_default();
        let prosthesis_model = row.prosthesis_model.unwrap_or_default();
        if row.valid_to.is_none() {
            dimensions.prostheses.push(UserProsthesisRow {
                user_id: row.user_id,
                prosthesis_id,
                chip_id: chip_id.clone(),
                prosthesis_model: prosthesis_model.clone(),
                serial_number: row.serial_number.unwrap_or_default(),
            });
        }
        if let Some(valid_from) = row.valid_from {
            dimensions.owners.push(Ownership {
                chip_id,
                valid_from,
                valid_to: row.valid_to,
                user_id: row.user_id,
                prosthesis_id,
                prosthesis_model,
            });
        }
    }
    dimensions.users = users.into_values().collect();
    dimensions
}
