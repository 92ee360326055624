//! Stores loads in the warehouse in the order of the pipeline's statements, and interrupts some of them.

use std::time::Duration;

use bionicpro_model::{Error, HourRange, Kind, Result};
use bionicpro_warehouse::load::{self, LoadSpec};
use bionicpro_warehouse::{Warehouse, changes, state};
use futures_util::stream;
use rand::RngExt;
use rand::rngs::StdRng;

use super::states::States;
use super::world::{BALLAST, HOURS, Load, World};
use crate::support::{App, ask, table_of};

/// More than half of the smallest cache, which has a megabyte.
const BALLAST_BYTES: usize = 550_000;

/// The point at which a load is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Gathered and announced, but never made visible.
    BeforeShow,
    /// At an arbitrary point while the rows are stored.
    After(Duration),
    BeforeDimensions,
    BeforeRestate,
    BeforeSettle,
}

impl Cut {
    /// Returns the point at which this load is interrupted, or `None`.
    pub(super) fn of(load: &Load, random: &mut StdRng) -> Option<Cut> {
        match random.random_range(0..100) {
            // Other loads may become visible without a last check of the lock.
            0..8 if load.is_range => Some(Cut::BeforeShow),
            8..16 => Some(Cut::After(Duration::from_millis(random.random_range(1..80)))),
            16..20 => Some(Cut::BeforeDimensions),
            20..24 => Some(Cut::BeforeRestate),
            24..32 => Some(Cut::BeforeSettle),
            _ => None,
        }
    }
}

pub(super) struct Loader {
    warehouse: Warehouse,
    app_url: bionicpro_model::SecretUrl,
    database: String,
}

impl Loader {
    pub(super) fn new(app: &App) -> Loader {
        Loader {
            warehouse: app.loading(),
            app_url: app.warehouse_url.clone(),
            database: app.database.clone(),
        }
    }

    /// Runs a load to its end, or to the point at which it is interrupted.
    pub(super) async fn run(
        &self,
        load: &Load,
        cut: Option<Cut>,
        world: &mut World,
        states: &States,
        random: &mut StdRng,
    ) {
        let standing = state::standing(&self.warehouse).await.unwrap();
        let file = self.file(load, world).await;
        let spec = spec(load);
        let pause = pause(random);
        let may_show = async move {
            tokio::time::sleep(pause).await;
            match cut {
                Some(Cut::BeforeShow) => Err(Error::new(Kind::Unreachable, "the lock of the load was lost")),
                _ => Result::Ok(()),
            }
        };
        let stored = load::store(&self.warehouse, file, &spec, &standing, &load.hides, may_show);
        match cut {
            Some(Cut::BeforeShow) => return drop(stored.await.unwrap_err()),
            Some(Cut::After(after)) => {
                states.push(world.store(load));
                match tokio::time::timeout(after, stored).await {
                    Ok(stored) => drop(stored.unwrap()),
                    Err(_) => self.quiet().await,
                }
                return;
            }
            _ => {
                states.push(world.store(load));
                stored.await.unwrap();
            }
        }
        if cut == Some(Cut::BeforeDimensions) {
            return;
        }
        rest(random).await;
        world.store_dimensions(load).into_iter().for_each(|state| states.push(state));
        let changed = load::upsert_dimensions(&self.warehouse, &load.dimensions, load.version).await.unwrap();
        if cut == Some(Cut::BeforeRestate) {
            return;
        }
        load::restate(&self.warehouse, &changed).await.unwrap();
        rest(random).await;
        if cut == Some(Cut::BeforeSettle) {
            return;
        }
        changes::settle(&self.warehouse, &standing).await.unwrap();
        states.settle();
    }

    async fn file(
        &self,
        load: &Load,
        world: &World,
    ) -> stream::Iter<std::vec::IntoIter<Result<hyper::body::Bytes>>> {
        let rows = load.rows.iter().map(|(key, number)| {
            let mut row = world.cell(*key, number.unwrap_or(0)).row();
            row["version"] = load.version.into();
            row["is_deleted"] = u8::from(number.is_none()).into();
            row
        });
        let mut file = Vec::new();
        if !load.rows.is_empty() {
            let chip = format!("if(chip_id = '{BALLAST}', repeat('x', {BALLAST_BYTES}), chip_id) AS chip_id");
            let sql = format!("SELECT * REPLACE ({chip}) FROM {} FORMAT Parquet", table_of(rows));
            file.push(Ok(ask(&self.app_url, &sql).await));
        }
        stream::iter(file)
    }

    /// Waits until no statement of an interrupted load is running.
    async fn quiet(&self) {
        let busy = format!(
            "SELECT count() FROM system.processes WHERE query_kind != 'Select' AND match(query || ' ' || current_database, '\\\\b{}\\\\b')",
            self.database
        );
        while ask(&self.app_url, &busy).await.trim_ascii() != b"0" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn spec(load: &Load) -> LoadSpec {
    let tombstones = load.rows.values().filter(|number| number.is_none()).count() as u64;
    LoadSpec {
        run: format!("load-{}", load.version).parse().unwrap(),
        range: load.is_range.then(|| HourRange::new(World::hour(0), World::hour(HOURS)).unwrap()),
        version: load.version,
        days: load.rows.keys().map(|key| World::hour(key.2).date_naive()).collect(),
        rows: load.rows.len() as u64,
        tombstones,
    }
}

/// Returns mostly no pause, sometimes one that is longer than the time between two polls.
pub(super) fn pause(random: &mut StdRng) -> Duration {
    Duration::from_millis(match random.random_range(0..100) {
        0..60 => 0,
        60..90 => random.random_range(0..200),
        _ => random.random_range(800..1_500),
    })
}

pub(super) async fn rest(random: &mut StdRng) {
    tokio::time::sleep(pause(random)).await;
}
