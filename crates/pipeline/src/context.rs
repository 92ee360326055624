//! The context that every step needs: the sources, the warehouse, the staging area and the settings.

use bionicpro_model::{Error, Kind, Result};
use bionicpro_sources::{CrmConfig, Database, TelemetryConfig};
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::load::VanishLimit;

use crate::config::{PipelineConfig, StageConfig};
use crate::stage::Stage;

/// A century, in days.
const MOST_DAYS: u32 = 36_500;

/// The components that the pipeline works with. Cheap to clone; nothing connects until a step runs.
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
    /// The number of vanished rows that an operator has confirmed.
    confirmed_vanished: u64,
}

impl PipelineContext {
    /// Checks the settings, without connecting to anything.
    ///
    /// # Errors
    /// `Config` for a missing or wrong setting, `Storage` if the staging folder cannot be created.
    pub fn new(
        crm: &CrmConfig,
        telemetry: &TelemetryConfig,
        warehouse: &bionicpro_warehouse::Config,
        stage: &StageConfig,
        pipeline: &PipelineConfig,
    ) -> Result<Self> {
        let share = pipeline.max_vanished_share;
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::new(Kind::Config, "not a share between 0 and 1")
                .detail(format!("pipeline.max_vanished_share = {share}"))
                .hint("set it to a number from 0 to 1, such as 0.5"));
        }
        if let Some(days) = telemetry.keeps.filter(|days| !(1..=MOST_DAYS).contains(days)) {
            return Err(Error::new(Kind::Config, "not a valid number of days of telemetry retention")
                .detail(format!("telemetry.keeps = {days}"))
                .hint(format!(
                    "set it to 1 to {MOST_DAYS}, or leave it out if the source keeps everything"
                )));
        }
        Ok(PipelineContext {
            crm: Database::crm(crm)?,
            crm_config: crm.clone(),
            telemetry: Database::telemetry(telemetry)?,
            telemetry_config: telemetry.clone(),
            warehouse: Warehouse::new(warehouse)?,
            warehouse_name: warehouse.database()?,
            stage: Stage::open(stage)?,
            config: pipeline.clone(),
            confirmed_vanished: 0,
        })
    }

    /// Allows up to this number of rows to vanish: an operator has seen the number and confirmed it.
    #[must_use]
    pub fn confirming_vanished(mut self, rows: u64) -> Self {
        self.confirmed_vanished = rows;
        self
    }

    /// Returns the limit on vanished rows.
    pub(crate) fn vanish_limit(&self) -> VanishLimit {
        VanishLimit { share: self.config.max_vanished_share, confirmed: self.confirmed_vanished }
    }

    /// Returns the warehouse, for the ledger.
    pub fn warehouse(&self) -> &Warehouse {
        &self.warehouse
    }
}
