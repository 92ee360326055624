//! The demo's fleet: seeded once, then kept live.

use std::fs;
use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use bionicpro_simulator::{Existing, LiveOptions, SeedOptions};
use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::DemoArgs;
use super::folder::Folder;
use crate::config::Config;

/// Fills the databases at the first start. A start that was killed half-way left no marker, so seeding starts
/// over.
pub(super) async fn seed(flags: &DemoArgs, folder: &Folder, config: &Config) -> Result<()> {
    let marker = folder.join("fleet.json");
    if marker.exists() {
        return Ok(());
    }
    let (crm, telemetry) = databases(config)?;
    let options = SeedOptions {
        users: flags.users,
        days: flags.days,
        seed: flags.seed,
        existing: Existing::Replace,
        ..SeedOptions::new(Utc::now())
    };
    bionicpro_simulator::seed(&crm, &telemetry, &options, Arc::new(|_, _| ())).await?;
    let fleet = serde_json::json!({ "users": flags.users, "days": flags.days, "seed": flags.seed });
    fs::write(&marker, fleet.to_string()).map_err(|error| {
        Error::new(Kind::Storage, "the demo's folder cannot be written")
            .detail(marker.display().to_string())
            .source(error)
    })
}

/// Keeps writing movements until `stop` is cancelled.
pub(super) async fn live(rate: f64, config: Config, stop: CancellationToken) -> Result<()> {
    let (crm, telemetry) = databases(&config)?;
    let options = LiveOptions { rate, seed: u64::from(std::process::id()) };
    bionicpro_simulator::live(&crm, &telemetry, &options, stop.cancelled_owned()).await.map(|_| ())
}

fn databases(config: &Config) -> Result<(SecretUrl, SecretUrl)> {
    let both = config.crm.url.clone().zip(config.telemetry.url.clone());
    both.ok_or_else(|| Error::new(Kind::Internal, "the demo's databases have no address"))
}
