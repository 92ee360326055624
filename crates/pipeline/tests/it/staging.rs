//! Staged files: written completely, verified before use, recreated with the same result.

use std::path::PathBuf;

use bionicpro_model::Kind;
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunRequest, steps};
use bionicpro_warehouse::ledger::State;

use crate::world::{World, days, id};

const MOVES: &str =
    "('CHIP-1', '2024-01-15 08:00:01', 40, 80, 'E1'), ('CHIP-2', '2024-01-15 09:00:00', 5, 6, NULL)";

async fn staged() -> (World, PathBuf) {
    let world = World::new().await;
    world.moves(MOVES).await;
    world.stage_run(&id("r1")).await.unwrap();
    let folder = world.stage.path().join("r1");
    (world, folder)
}

#[tokio::test]
async fn each_step_may_be_run_again() {
    let (world, folder) = staged().await;
    world.load(&id("r1")).await.unwrap();
    let first = world.mart().await;
    let files = || {
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let named = files();
    assert_eq!(named.len(), 8, "{named:?}");
    world.stage_run(&id("r1")).await.unwrap();
    world.load(&id("r1")).await.unwrap();
    world.load(&id("r1")).await.unwrap();
    assert_eq!(world.mart().await, first);
    assert_eq!(files(), named);
    let ledger = world.ask("SELECT count() AS n FROM etl_runs FINAL WHERE state = 'done'").await;
    assert_eq!(ledger[0]["n"], 9);
}

#[tokio::test]
async fn a_file_that_was_cut_edited_or_removed_is_refused_with_what_to_do() {
    for (file, step) in [("crm.parquet", "extract-crm"), ("telemetry.parquet", "extract-telemetry")] {
        for damage in ["cut", "edited", "removed", "manifest removed", "manifest edited"] {
            let (world, folder) = staged().await;
            damage_file(&folder.join(file), damage);
            let error = steps::transform(&world.context(), &id("r1"), &Quiet).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Data, "{file} {damage}");
            assert!(error.hint_text().unwrap().contains(step), "{}", error.report());
        }
    }
    let (world, folder) = staged().await;
    damage_file(&folder.join("mart.parquet"), "edited");
    let error = world.load(&id("r1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert_eq!(world.told().await, [] as [String; 0]);
}

fn damage_file(path: &std::path::Path, damage: &str) {
    let manifest = PathBuf::from(format!("{}.manifest.json", path.display()));
    match damage {
        "cut" => {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        }
        "edited" => {
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
        "removed" => std::fs::remove_file(path).unwrap(),
        "manifest removed" => std::fs::remove_file(manifest).unwrap(),
        _ => std::fs::write(manifest, "{}").unwrap(),
    }
}

#[tokio::test]
async fn a_mart_that_was_made_from_another_crm_is_made_again_before_it_is_loaded() {
    let (world, _) = staged().await;
    world.crm_sql("UPDATE crm.customers SET name = 'Another'").await;
    steps::extract_crm(&world.context(), &id("r1"), &Quiet).await.unwrap();
    assert_eq!(world.load(&id("r1")).await.unwrap().state, State::Done);
    let mart = world.mart().await;
    assert!(!mart.is_empty() && mart.iter().all(|row| row["customer_name"] == "Another"), "{mart:?}");
}

#[tokio::test]
async fn a_step_without_the_one_before_it_names_it() {
    let world = World::new().await;
    steps::extract_telemetry(&world.context(), &id("r1"), RunRequest::Range(days()), &Quiet).await.unwrap();
    let error = steps::transform(&world.context(), &id("r1"), &Quiet).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    let looked_for = format!("file://{}/r1/crm.parquet.manifest.json", world.stage.path().display());
    assert_eq!(error.detail_text(), Some(&*looked_for));
    assert_eq!(
        error.hint_text(),
        Some(
            "run `bionicpro etl extract-crm --run r1` again, then the steps after it; \
             steps on several machines need one stage.url that all of them reach, such as s3://bucket/prefix"
        )
    );
}

#[tokio::test]
async fn a_load_removes_what_runs_have_left_long_ago_and_nothing_else() {
    let (world, _) = staged().await;
    let stage = world.stage.path().to_owned();
    let eight_days_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 86_400);
    let leave = |folder: &str, file: &str, is_old: bool| {
        let folder = stage.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let file = std::fs::File::create(folder.join(file)).unwrap();
        if is_old {
            file.set_modified(eight_days_ago).unwrap();
        }
    };
    leave("old", "crm.parquet", true);
    leave("old", "crm.parquet.manifest.json", true);
    leave("recent", "crm.parquet", true);
    leave("recent", "telemetry.parquet", false);
    leave("thesis", "chapter-1.txt", true);
    leave("thesis", "crm.parquet", true);
    leave("not a run", "crm.parquet", true);
    for file in std::fs::read_dir(stage.join("r1")).unwrap() {
        std::fs::File::open(file.unwrap().path()).unwrap().set_modified(eight_days_ago).unwrap();
    }
    world.load(&id("r1")).await.unwrap();
    let mut left: Vec<_> = std::fs::read_dir(&stage)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["not a run", "r1", "recent", "thesis"]);
}

#[tokio::test]
async fn an_empty_range_is_loaded_as_empty() {
    let world = World::new().await;
    let report = world.run().await.unwrap();
    assert_eq!((report.counts["rows"], report.counts["cells"]), (0, 0));
    assert_eq!(world.told().await, [] as [String; 0]);
}
