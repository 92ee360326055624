//! Accounts with settings profiles: whatever a profile contains, results are the same, or an error names the
//! setting.

mod history;

use std::collections::HashMap;

use bionicpro_model::{Error, Kind, Result, Username};
use bionicpro_warehouse::{Config, MartReader, Warehouse};
use futures_util::{StreamExt, stream};

use self::history::answers;
use crate::support::account::{Profile, account};
use crate::support::rows::MartRow;
use crate::support::{Db, tick};

type Setting = (String, String);

/// The number of settings tried at once; if a result differs, halves are tried until one setting is left.
const AT_ONCE: usize = 120;

/// Switches with which the engine refuses some statement instead of returning a different result.
const REFUSING: [&str; 3] =
    ["allow_ddl", "inject_random_order_for_select_without_order_by", "make_distributed_plan"];

/// A switch that changes the bytes of an export and that the oldest engine does not know.
const UNNAMED: &str = "output_format_parquet_write_checksums";

/// Settings other than switches, with values that change results or the way they are computed.
const OTHERS: &str = include_str!("others.txt");

/// Limits that truncate a result when reached. No statement of the history reaches the others.
const BREAKING: [[(&str, &str); 2]; 9] = [
    [("read_overflow_mode", "break"), ("max_rows_to_read", "1")],
    [("read_overflow_mode", "break"), ("max_bytes_to_read", "1")],
    [("group_by_overflow_mode", "any"), ("max_rows_to_group_by", "1")],
    [("sort_overflow_mode", "break"), ("max_rows_to_sort", "1")],
    [("result_overflow_mode", "break"), ("max_result_rows", "1")],
    [("result_overflow_mode", "break"), ("max_result_bytes", "1")],
    [("distinct_overflow_mode", "break"), ("max_rows_in_distinct", "1")],
    [("set_overflow_mode", "break"), ("max_rows_in_set", "1")],
    [("join_overflow_mode", "break"), ("max_rows_in_join", "1")],
];

/// Returns the configuration of a fresh database for an account with this profile.
async fn with(db: &Db, profile: Profile) -> Config {
    let url = account(db.config.url.as_ref().unwrap(), profile).await;
    Config { url: Some(url), ..db.config.clone() }
}

/// Returns all results of a fresh database, and its content afterwards.
async fn under(profile: Profile) -> Result<String> {
    let db = Db::empty().await;
    let config = Config { retention_days: 30_000, ..with(&db, profile).await };
    let told = answers(&config).await?;
    let told = format!("{told}\n{}", held(&db).await.replace(&db.config.database, "DATABASE"));
    db.client
        .clone()
        .with_database("default")
        .query_raw(&format!("DROP DATABASE {}", db.config.database))
        .execute()
        .await
        .unwrap();
    Ok(told)
}

/// Reads the stored schema and rows without a profile.
async fn held(db: &Db) -> String {
    let tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name";
    let schema = "SELECT concat(name, ' ', create_table_query) FROM system.tables WHERE database = currentDatabase() ORDER BY name";
    let mut held = db.client.query_raw(schema).fetch_all::<String>().await.unwrap();
    for table in db.client.query_raw(tables).fetch_all::<String>().await.unwrap() {
        let rows = format!(
            "SELECT toString(tuple(* EXCEPT (created_at, at))) AS row FROM {table} FINAL ORDER BY row"
        );
        held.extend(db.client.query_raw(&rows).fetch_all::<String>().await.unwrap());
    }
    for table in ["schema_migrations", "loaded_ranges", "pending_owners"] {
        let undated = format!("SELECT count() FROM {table} WHERE at < toDateTime('2026-01-01', 'UTC')");
        held.push(db.count(&undated).await.to_string());
    }
    held.join("\n")
}

/// Returns every setting of the engine that is not an alias, with its type and value.
async fn settings(db: &Db) -> Vec<(String, String, String)> {
    let sql = "SELECT name, type, value FROM system.settings WHERE alias_for = '' AND NOT is_obsolete ORDER BY name";
    db.client.clone().with_database("default").query_raw(sql).fetch_all().await.unwrap()
}

/// Returns the settings that change a result on their own, with the first difference.
async fn telling(settings: Vec<Setting>, plain: &str) -> Vec<String> {
    let (mut told, mut waiting) = (Vec::new(), vec![settings]);
    while let Some(settings) = waiting.pop() {
        let outcome = under(Profile { settings: settings.clone(), ..Profile::default() }).await;
        if outcome.as_ref().is_ok_and(|answers| answers == plain) {
            continue;
        }
        if let [(name, value)] = settings.as_slice() {
            let outcome = outcome.map(|answers| {
                let mut lines = answers.lines().zip(plain.lines());
                lines.find(|(one, other)| one != other).map(|(one, _)| one.to_owned()).unwrap_or_default()
            });
            told.push(format!("{name} = {value}: {:?}", outcome.map_err(|error| error.report())));
        } else {
            let (one, other) = settings.split_at(settings.len() / 2);
            waiting.extend([one.to_vec(), other.to_vec()]);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_profile_says_the_answers_are_the_same() {
    let plain = under(Profile::default()).await.unwrap();
    let switches = settings(&Db::empty().await).await.into_iter().filter_map(|(name, kind, value)| {
        let flipped = if value == "1" { "0" } else { "1" };
        (kind == "Bool" && name != UNNAMED && !REFUSING.contains(&name.as_str()))
            .then(|| (name, flipped.to_owned()))
    });
    let switches: Vec<Setting> = switches.collect();
    assert!(switches.len() > 500, "{}", switches.len());
    let mut groups: Vec<Vec<Setting>> = switches.chunks(AT_ONCE).map(<[Setting]>::to_vec).collect();
    // Lines may set the same setting to different values; the lines of one paragraph are tried at once.
    groups.extend(OTHERS.split("\n\n").map(|paragraph| {
        let lines = paragraph.lines().filter_map(|line| line.split_once('='));
        lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }));
    let told: Vec<Vec<String>> =
        stream::iter(groups).map(|group| telling(group, &plain)).buffer_unordered(3).collect().await;
    let told: Vec<String> = told.into_iter().flatten().collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_would_break_off_an_answer_is_an_error_that_names_it() {
    for limit in BREAKING {
        let error = under(Profile::of(&limit)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{}", error.report());
        assert!(error.hint_text().unwrap().contains(limit[1].0), "{}", error.report());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_a_profile_forces_is_an_error_that_names_the_setting() {
    let forced = under(Profile::of(&[("force_data_skipping_indices", "version_range")])).await.unwrap_err();
    assert_eq!(forced.kind(), Kind::Config, "{}", forced.report());
    assert!(forced.hint_text().unwrap().contains("force_data_skipping_indices"), "{}", forced.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_a_profile_holds_fast_is_named_and_so_is_its_value() {
    let error = under(Profile::constant(&[("join_use_nulls", "1")])).await.unwrap_err();
    assert!(names(&error, "sets join_use_nulls = '0'"), "{}", error.report());
    let error = under(Profile::constant(&[("async_insert", "1")])).await.unwrap_err();
    assert!(names(&error, "sets async_insert = '0'"), "{}", error.report());
}

fn names(error: &Error, asked: &str) -> bool {
    error.kind() == Kind::Config && error.hint_text().is_some_and(|hint| hint.contains(asked))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_set_nothing_reads_as_long_as_its_profile_is_plain() {
    let db = Db::migrated().await;
    let mut readonly: HashMap<String, String> =
        settings(&db).await.into_iter().map(|(name, _, value)| (name, value)).collect();
    readonly.insert("readonly".to_owned(), "1".to_owned());
    let strict = |readonly: &HashMap<String, String>, more: &[(&str, &str)]| {
        let settings = [&[("readonly", "1")], more].concat();
        Profile { readonly: readonly.clone(), ..Profile::of(&settings) }
    };
    let plain = with(&db, strict(&readonly, &[])).await;
    let reports = MartReader::new(&plain).unwrap();
    reports.person(&Username::new("nobody"), &[]).await.unwrap();
    assert!(reports.strange_settings().await.unwrap().is_empty());
    let error = Warehouse::new(&plain).unwrap().migrate(false).await.unwrap_err();
    assert!(names(&error, "readonly = 0"), "{}", error.report());
    readonly.insert("transform_null_in".to_owned(), "1".to_owned());
    let config = with(&db, strict(&readonly, &[("transform_null_in", "1")])).await;
    let error = MartReader::new(&config).unwrap().person(&Username::new("nobody"), &[]).await.unwrap_err();
    assert!(names(&error, "sets transform_null_in = '0'"), "{}", error.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_brings_along_and_nobody_knows_is_told_by_name() {
    let db = Db::migrated().await;
    assert_eq!(db.warehouse.strange_settings().await.unwrap(), Vec::<String>::new());
    let profile =
        [("join_use_nulls", "1"), ("max_threads", "1"), ("legacy_column_name_of_tuple_literal", "1")];
    let config = with(&db, Profile::of(&profile)).await;
    for strange in [
        Warehouse::new(&config).unwrap().strange_settings().await.unwrap(),
        MartReader::new(&config).unwrap().strange_settings().await.unwrap(),
    ] {
        assert_eq!(strange, ["legacy_column_name_of_tuple_literal"]);
    }
    let config = with(&db, Profile::of(&[("readonly", "2")])).await;
    let error = Warehouse::new(&config).unwrap().strange_settings().await.unwrap_err();
    assert!(names(&error, "readonly = 0"), "{}", error.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_that_is_named_is_known_to_the_oldest_engine_that_is_supported() {
    let profile = Profile::default();
    let named = profile.named.clone();
    under(profile).await.unwrap();
    let mut named = named.lock().unwrap().clone();
    for parameter in ["database", "default_format", "query", "deduplicate_insert"] {
        assert!(named.remove(parameter), "{parameter}");
    }
    let db = Db::empty().await;
    let known: Vec<String> = settings(&db).await.into_iter().map(|(name, ..)| name).collect();
    let newer = "SELECT change.name FROM (SELECT version, arrayJoin(changes) AS change FROM system.settings_changes WHERE type = 'Session')
        WHERE arrayMap(part -> toUInt32(part), splitByChar('.', version)) > [25, 8] AND change.reason ILIKE '%new setting%'";
    let newer =
        db.client.clone().with_database("default").query_raw(newer).fetch_all::<String>().await.unwrap();
    assert!(newer.len() > 100, "{}", newer.len());
    for name in named {
        assert!(known.contains(&name) && !newer.contains(&name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_blocks_of_a_profile_do_not_cut_what_appears_at_once() {
    let db = Db::migrated().await;
    let names = [
        "max_block_size",
        "max_insert_block_size",
        "min_insert_block_size_rows",
        "min_insert_block_size_bytes",
    ];
    let config = with(&db, Profile::of(&names.map(|name| (name, "1")))).await;
    let own = Db { warehouse: Warehouse::new(&config).unwrap(), ..db.clone() };
    let rows: Vec<MartRow> =
        (0..20).map(|hour| MartRow::new(1, 2, &format!("2026-01-15T{hour:02}:00:00Z"))).collect();
    own.insert_rows(&rows, &tick(1, &rows)).await;
    assert_eq!(db.count("SELECT uniqExact(_part) FROM user_prosthesis_stats").await, 1);
}
