//! The checks of the warehouse: reachability, schema, the settings of the accounts' profiles, free disk
//! space.

use bionicpro_model::{Error, Kind, Result};
use bionicpro_warehouse::disks::Disk;
use bionicpro_warehouse::servers::Server;
use bionicpro_warehouse::{Config, MartReader, Warehouse};

use super::Finding;
use super::checks::not_configured;

const PART: &str = "warehouse";

/// The minimum free disk space in bytes: with less, an incremental run may fail.
const LEAST_FREE: u64 = 100 << 20;
/// The maximum clock difference between two servers, in milliseconds: rows expire by their clocks.
const MOST_SKEW_MS: i64 = 1_000;
/// Less free disk space than this, in bytes, or less than one twentieth of the disk, is a warning.
const LITTLE_FREE: u64 = 1 << 30;
const LITTLE_PART: u64 = 20;

pub(super) async fn all(config: &Config) -> Vec<Finding> {
    if config.url.is_none() {
        return vec![not_configured(PART, "warehouse.url")];
    }
    let warehouse = match Warehouse::new(config) {
        Ok(warehouse) => warehouse,
        Err(error) => return vec![Finding::failed(PART, "configuration", &error)],
    };
    let reach = warehouse.ping().await.map(|version| format!("ClickHouse {version}"));
    let reached = reach.is_ok();
    let mut findings = vec![Finding::of(PART, "reach", reach)];
    if reached {
        let schema = warehouse.check_schema().await;
        findings.push(Finding::of(PART, "schema", schema.map(|()| "as this program needs it".to_owned())));
        findings.push(settings("settings", warehouse.strange_settings().await));
        findings.extend(disks(warehouse.disks().await));
        findings.extend(servers(&warehouse.servers().await));
    }
    findings.extend(reader(config).await);
    findings
}

/// Checks the account of the Reports API, if it is a separate one.
async fn reader(config: &Config) -> Option<Finding> {
    config.reader_url.as_ref()?;
    match MartReader::new(config) {
        Ok(reports) => Some(settings("reader's settings", reports.strange_settings().await)),
        Err(error) => Some(Finding::failed(PART, "reader", &error)),
    }
}

/// Reports the settings of a profile that may change results.
fn settings(check: &'static str, strange: Result<Vec<String>>) -> Finding {
    match strange {
        Err(error) => Finding::failed(PART, check, &error),
        Ok(names) if names.is_empty() => Finding::ok(PART, check, "none that may change a result"),
        Ok(names) => Finding::warning(
            PART,
            check,
            format!("the account's profile has settings that may change a result: {}", names.join(", ")),
            "remove these settings from the account's profile, or use an account without them",
        ),
    }
}

/// One finding for each server of a cluster with `ddl = "each"`.
fn servers(servers: &[Result<Server>]) -> Vec<Finding> {
    let first = servers.iter().flatten().next();
    let of = |server: &Result<Server>| match server {
        Ok(server) => shard(server, first.map_or("", |first| &first.version)),
        Err(error) => Finding::failed(PART, "shard", error),
    };
    servers.iter().map(of).collect()
}

/// Checks that a server has the same version and time as the others, and no rows of other shards.
fn shard(server: &Server, version: &str) -> Finding {
    let address = server.address.as_deref().unwrap_or("warehouse.url");
    let skew = (server.clock - server.asked).num_milliseconds();
    let found = format!(
        "{address}: shard {}, ClickHouse {}, clock {skew:+} ms, macros {}, {} blocks not sent, {} rows of other shards",
        server.shard, server.version, server.macros, server.queued, server.strayed
    );
    if server.strayed > 0 {
        let error =
            Error::new(Kind::Data, "a shard has rows of people who belong to another").detail(found).hint(
                "restore the former shards in remote_servers; to have more of them, migrate into another \
                 warehouse.database and backfill it",
            );
        return Finding::failed(PART, "shard", &error);
    }
    let what_to_do = match () {
        () if server.version != version => "run the same version on every server of the cluster",
        () if skew.abs() > MOST_SKEW_MS => "synchronise the clocks of all servers (NTP)",
        () if server.queued > 0 => {
            "a client wrote without distributed_foreground_insert: run SYSTEM FLUSH DISTRIBUTED on this server"
        }
        () => return Finding::ok(PART, "shard", found),
    };
    Finding::warning(PART, "shard", found, what_to_do)
}

fn disks(disks: Result<Vec<Disk>>) -> Vec<Finding> {
    match disks {
        Ok(disks) => disks.iter().map(room).collect(),
        // A load does not need the right to read these tables.
        Err(error) if error.kind() == Kind::Config => vec![Finding::warning(
            PART,
            "disk",
            format!("cannot read the free disk space: {error}"),
            "grant the account SELECT on system.disks and system.storage_policies",
        )],
        Err(error) => vec![Finding::failed(PART, "disk", &error)],
    }
}

/// Checks that a disk has enough free space for a load.
fn room(disk: &Disk) -> Finding {
    let found = format!("{}: {} of {} free ({})", disk.name, size(disk.free), size(disk.total), disk.path);
    if disk.free < LEAST_FREE {
        let error = Error::new(Kind::Storage, "the warehouse's disk is full").detail(found).hint(format!(
            "free disk space for a load and the merges that follow: at least {}",
            size(LITTLE_FREE)
        ));
        return Finding::failed(PART, "disk", &error);
    }
    if disk.free < LITTLE_FREE || disk.free < disk.total / LITTLE_PART {
        let what_to_do = "free disk space, or lower warehouse.retention_days, before loads fail";
        return Finding::warning(PART, "disk", found, what_to_do);
    }
    Finding::ok(PART, "disk", found)
}

/// `1.5 GiB`.
fn size(bytes: u64) -> String {
    let (unit, shift) = if bytes >= 1 << 30 { ("GiB", 30) } else { ("MiB", 20) };
    let tenths = (u128::from(bytes) * 10) >> shift;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::State;

    #[test]
    fn a_disk_with_little_room_is_a_warning_and_a_full_one_a_failure() {
        let state = |free: u64, total: u64| {
            room(&Disk { name: "default".to_owned(), path: "/data/".to_owned(), free, total }).state
        };
        assert_eq!(state(50 << 30, 100 << 30), State::Ok);
        assert_eq!(state(4 << 30, 100 << 30), State::Warning);
        assert_eq!(state(500 << 20, 2 << 30), State::Warning);
        assert_eq!(state(99 << 20, 2 << 30), State::Failed);
        assert_eq!(state(0, 0), State::Failed);
    }

    #[test]
    fn a_server_of_another_version_time_or_with_rows_of_others_is_told() {
        let asked = chrono::DateTime::UNIX_EPOCH;
        let server = Server {
            address: None,
            shard: 1,
            version: "26.7".to_owned(),
            clock: asked,
            asked,
            queued: 0,
            macros: "shard=1".to_owned(),
            strayed: 0,
        };
        assert_eq!(shard(&server, "26.7").state, State::Ok);
        assert_eq!(shard(&server, "26.6").state, State::Warning);
        let late = Server { clock: asked - chrono::TimeDelta::seconds(2), ..server.clone() };
        assert_eq!(shard(&late, "26.7").state, State::Warning);
        assert_eq!(shard(&Server { queued: 1, ..server.clone() }, "26.7").state, State::Warning);
        assert_eq!(shard(&Server { strayed: 1, ..server }, "26.7").state, State::Failed);
    }

    #[test]
    fn room_is_told_in_words_with_numbers() {
        let disk = Disk {
            name: "fast".to_owned(),
            path: "/data/".to_owned(),
            free: 1_610_612_736,
            total: 100 << 30,
        };
        assert_eq!(room(&disk).found, "fast: 1.5 GiB of 100.0 GiB free (/data/)");
        assert_eq!(size(104_857_599), "99.9 MiB");
    }

    #[test]
    fn settings_that_may_change_an_answer_are_named() {
        assert_eq!(settings("settings", Ok(Vec::new())).state, State::Ok);
        let named = settings("settings", Ok(vec!["join_algorithm".to_owned()]));
        assert!(named.state == State::Warning && named.found.contains("join_algorithm"), "{}", named.found);
    }
}
