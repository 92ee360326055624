//! A small company: its CRM, its telemetry, a warehouse, a staging folder.

use bionicpro_model::hours::parse_instant;
use bionicpro_model::{HourRange, Result, RunId, SecretUrl};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{
    PipelineConfig, PipelineContext, RunReport, RunRequest, RunSpec, StageConfig, StepReport, run, steps,
};
use bionicpro_sources::{CrmConfig, TelemetryConfig};
use bionicpro_testing::{Shards, TestDatabase, TestWarehouse};
use tempfile::TempDir;

/// The second of the two customers. Anna's id ends in `a`.
pub(crate) const IVAN: &str = "00000000-0000-0000-0000-00000000000b";

const PEOPLE: &str = "
    INSERT INTO crm.prosthesis_models (id, name) VALUES
        ('00000000-0000-0000-0000-0000000000f1', 'Grip Pro'), ('00000000-0000-0000-0000-0000000000f2', 'Feel');
    INSERT INTO crm.customers (id, name, email, ldap_username) VALUES
        ('00000000-0000-0000-0000-00000000000a', 'Anna O''Hara', 'anna@example.com', 'anna'),
        ('00000000-0000-0000-0000-00000000000b', 'Иван', 'ivan@example.com', NULL);
    INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id, serial_number) VALUES
        ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-00000000000a',
         '00000000-0000-0000-0000-0000000000f1', 'CHIP-1', 'S-1'),
        ('00000000-0000-0000-0000-0000000000c2', '00000000-0000-0000-0000-00000000000b',
         '00000000-0000-0000-0000-0000000000f2', 'CHIP-2', 'S-2');";

/// The databases and the staging folder of one test.
pub(crate) struct World {
    pub(crate) crm: TestDatabase,
    pub(crate) telemetry: TestDatabase,
    pub(crate) warehouse: TestWarehouse,
    pub(crate) stage: TempDir,
}

impl World {
    /// Creates a world with empty telemetry, two customers with a prosthesis each, and a migrated warehouse.
    pub(crate) async fn new() -> World {
        World::of(bionicpro_testing::warehouse().await).await
    }

    /// Creates the same over the two shards of this test binary.
    pub(crate) async fn on_shards() -> World {
        World::of(Shards::shared().await.warehouse()).await
    }

    pub(crate) async fn of(warehouse: TestWarehouse) -> World {
        let postgres = bionicpro_testing::postgres();
        let world = World {
            crm: postgres.crm().await,
            telemetry: postgres.telemetry().await,
            warehouse,
            stage: tempfile::tempdir().unwrap(),
        };
        world.crm_sql(PEOPLE).await;
        let warehouse = bionicpro_warehouse::Warehouse::new(&world.warehouse_config()).unwrap();
        warehouse.migrate(false).await.unwrap_or_else(|error| panic!("{}", error.report()));
        world
    }

    pub(crate) async fn crm_sql(&self, sql: &str) {
        self.crm.client().await.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn telemetry_sql(&self, sql: &str) {
        self.telemetry.client().await.batch_execute(sql).await.unwrap();
    }

    /// Inserts movements given as `('CHIP-1', '2024-01-15 08:00:01', 45, 80.5, NULL)`.
    pub(crate) async fn moves(&self, values: &str) {
        self.telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms, battery_level, error_code) \
             VALUES {values}"
        ))
        .await;
    }

    pub(crate) fn crm_config(&self) -> CrmConfig {
        CrmConfig { url: Some(self.crm.url.clone()), ..CrmConfig::default() }
    }

    pub(crate) fn telemetry_config(&self) -> TelemetryConfig {
        TelemetryConfig { url: Some(self.telemetry.url.clone()), ..TelemetryConfig::default() }
    }

    pub(crate) fn warehouse_config(&self) -> bionicpro_warehouse::Config {
        bionicpro_warehouse::Config {
            // The tests use January 2024.
            retention_days: 0,
            ..self.warehouse.config()
        }
    }

    pub(crate) fn stage_config(&self) -> StageConfig {
        let url = SecretUrl::parse(&format!("file://{}", self.stage.path().display())).unwrap();
        StageConfig { url: Some(url), ..StageConfig::default() }
    }

    pub(crate) fn context(&self) -> PipelineContext {
        self.context_with(&self.crm_config(), &self.telemetry_config(), &self.warehouse_config())
    }

    pub(crate) fn context_with(
        &self,
        crm: &CrmConfig,
        telemetry: &TelemetryConfig,
        warehouse: &bionicpro_warehouse::Config,
    ) -> PipelineContext {
        let pipeline = PipelineConfig { retries: 0, ..PipelineConfig::default() };
        PipelineContext::new(crm, telemetry, warehouse, &self.stage_config(), &pipeline).unwrap()
    }

    /// Runs the range that most tests use.
    pub(crate) async fn run(&self) -> Result<RunReport> {
        run(&self.context(), RunSpec { run: None, ask: RunRequest::Range(days()) }, &Quiet).await
    }

    /// Runs the first three steps of a run.
    pub(crate) async fn stage_run(&self, id: &RunId) -> Result<StepReport> {
        let context = self.context();
        steps::extract_crm(&context, id, &Quiet).await?;
        steps::extract_telemetry(&context, id, RunRequest::Range(days()), &Quiet).await?;
        steps::transform(&context, id, &Quiet).await
    }

    pub(crate) async fn load(&self, id: &RunId) -> Result<StepReport> {
        steps::load(&self.context(), id, &Quiet).await
    }

    /// Returns the mart's live rows as `user chip hour movements`, sorted.
    pub(crate) async fn told(&self) -> Vec<String> {
        let rows = self.mart().await;
        let mut told: Vec<String> = rows
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                let user = text("user_id");
                let hour = text("hour");
                let moves = &row["movements_count"];
                format!("{} {} {} {moves}", &user[user.len() - 1..], text("chip_id"), &hour[..13])
            })
            .collect();
        told.sort();
        told
    }

    /// Returns the mart's live rows.
    pub(crate) async fn mart(&self) -> Vec<serde_json::Value> {
        self.ask("SELECT * EXCEPT (created_at, version, is_deleted) FROM user_prosthesis_stats FINAL").await
    }

    /// Returns the rows of a query of the warehouse.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<serde_json::Value> {
        self.warehouse.ask(sql).await
    }
}

/// Returns the range of most tests.
pub(crate) fn days() -> HourRange {
    range("2024-01-15", "2024-01-17")
}

pub(crate) fn range(from: &str, to: &str) -> HourRange {
    HourRange::new(parse_instant(from).unwrap(), parse_instant(to).unwrap()).unwrap()
}

pub(crate) fn id(text: &str) -> RunId {
    text.parse().unwrap()
}
