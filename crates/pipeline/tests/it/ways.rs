//! The connections from the pipeline to its databases, each through a separate network whose faults a test
//! controls.

use bionicpro_model::SecretUrl;
use bionicpro_pipeline::{PipelineConfig, PipelineContext};
use bionicpro_sources::{ChangesConfig, CrmConfig, TelemetryConfig};
use bionicpro_testing::{Network, Proxy};

use crate::world::World;

/// The databases at the ends of the connections.
pub(crate) const NAMES: [&str; 3] = ["the CRM", "the telemetry", "the warehouse"];

/// The networks and proxies to the CRM, the telemetry and the warehouse.
pub(crate) struct Ways(pub(crate) [(Network, Proxy); 3]);

impl Ways {
    pub(crate) async fn of(world: &World) -> Ways {
        let [crm, telemetry, warehouse] = [(); 3].map(|()| Network::new());
        Ways([
            (crm.clone(), crm.way_to(&world.crm.url).await),
            (telemetry.clone(), telemetry.way_to(&world.telemetry.url).await),
            (warehouse.clone(), warehouse.way_to(&world.warehouse.url).await),
        ])
    }

    pub(crate) fn network(&self, way: usize) -> &Network {
        &self.0[way].0
    }

    /// Returns the context of a separate process, which has no connections from an earlier one.
    pub(crate) fn context(
        &self,
        world: &World,
        changes: ChangesConfig,
        pipeline: &PipelineConfig,
    ) -> PipelineContext {
        self.context_as(world, changes, pipeline, None)
    }

    /// Returns the same with another account for the telemetry, whose password is `p`.
    pub(crate) fn context_as(
        &self,
        world: &World,
        changes: ChangesConfig,
        pipeline: &PipelineConfig,
        account: Option<&str>,
    ) -> PipelineContext {
        let [crm, telemetry, warehouse] = self.0.each_ref().map(|(_, proxy)| Some(proxy.url.clone()));
        let telemetry = match account {
            None => telemetry,
            Some(account) => {
                let mut url = telemetry.unwrap().expose_secret().clone();
                url.set_username(account).unwrap();
                url.set_password(Some("p")).unwrap();
                Some(SecretUrl::parse(url.as_str()).unwrap())
            }
        };
        PipelineContext::new(
            &CrmConfig { url: crm, ..world.crm_config() },
            &TelemetryConfig { url: telemetry, changes, ..world.telemetry_config() },
            &bionicpro_warehouse::Config { url: warehouse, ..world.warehouse_config() },
            &world.stage_config(),
            pipeline,
        )
        .unwrap()
    }
}
