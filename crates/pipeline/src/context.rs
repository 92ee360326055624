//! What every step needs: the sources, the warehouse, the staging area, the settings.

use bionicpro_model::Result;
use bionicpro_sources::{CrmConfig, Database, TelemetryConfig};
use bionicpro_warehouse::Warehouse;

use crate::config::{PipelineConfig, StageConfig};
use crate::stage::Stage;

/// The parts that the pipeline works with. Cheap to clone; nothing is connected until a step runs.
#[derive(Clone)]
pub struct PipelineContext {
    pub(crate) crm: Database,
    pub(crate) crm_config: CrmConfig,
    pub(crate) telemetry: Database,
    pub(crate) telemetry_config: TelemetryConfig,
    pub(crate) warehouse: Warehouse,
    pub(crate) warehouse_name: String,
    pub(crate) stage: Stage,
    pub(crate) config: PipelineConfig,
}

impl PipelineContext {
    /// Checks the settings; sends nothing.
    ///
    /// # Errors
    /// `Config` for a missing or wrong setting, `Storage` when the staging folder cannot be made.
    pub fn new(
        crm: &CrmConfig,
        telemetry: &TelemetryConfig,
        warehouse: &bionicpro_warehouse::Config,
        stage: &StageConfig,
        pipeline: &PipelineConfig,
    ) -> Result<Self> {
        Ok(PipelineContext {
            crm: Database::crm(crm)?,
            crm_config: crm.clone(),
            telemetry: Database::telemetry(telemetry)?,
            telemetry_config: telemetry.clone(),
            warehouse: Warehouse::new(warehouse)?,
            warehouse_name: warehouse.database()?,
            stage: Stage::open(stage)?,
            config: pipeline.clone(),
        })
    }

    /// The warehouse, for the ledger.
    pub fn warehouse(&self) -> &Warehouse {
        &self.warehouse
    }
}
