//! Staged files: written whole, checked before use, made again with the same result.

use std::path::PathBuf;

use bionicpro_model::Kind;
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{Ask, steps};

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
async fn a_mart_that_was_made_from_another_crm_is_not_loaded() {
    let (world, _) = staged().await;
    world.crm_sql("UPDATE crm.customers SET name = 'Another'").await;
    steps::extract_crm(&world.context(), &id("r1"), &Quiet).await.unwrap();
    let error = world.load(&id("r1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(error.hint_text().unwrap().contains("transform"), "{}", error.report());
}

#[tokio::test]
async fn a_step_without_the_one_before_it_names_it() {
    let world = World::new().await;
    steps::extract_telemetry(&world.context(), &id("r1"), Ask::Range(days()), &Quiet).await.unwrap();
    let error = steps::transform(&world.context(), &id("r1"), &Quiet).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert_eq!(
        error.hint_text(),
        Some("run `bionicpro etl extract-crm --run r1` again, then the steps after it")
    );
}

#[tokio::test]
async fn an_empty_range_is_loaded_as_empty() {
    let world = World::new().await;
    let report = world.run().await.unwrap();
    assert_eq!((report.counts["rows"], report.counts["cells"]), (0, 0));
    assert_eq!(world.told().await, [] as [String; 0]);
}
