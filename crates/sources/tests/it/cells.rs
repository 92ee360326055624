//! The cells that are read, whole or cut into parts, each of them once.

use bionicpro_model::Condition;
use bionicpro_model::hours::parse_instant;
use bionicpro_sources::changes::NewRows;
use bionicpro_sources::telemetry::Slicing;
use bionicpro_sources::{CellRequest, ChangesConfig, ChipScope, Cut, Since};

use crate::table::{Table, ages, range, read, read_and_sum_up, read_error, told};

fn cut(chip: &str, at: &str) -> Cut {
    Cut { chip_id: chip.to_owned(), at: parse_instant(at).unwrap() }
}

fn scope(chip: &str, from: &str, to: &str) -> ChipScope {
    ChipScope { chip_id: chip.to_owned(), range: range(from, to) }
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

async fn some_moves() -> Table {
    let table = Table::new(ChangesConfig::Auto).await;
    table
        .moves(
            "('A', '2024-01-15 08:10:00'), ('A', '2024-01-15 08:20:00'), ('A', '2024-01-15 08:20:00.000001'),
             ('A', '2024-01-15 09:00:00'), ('A', '2024-01-16 08:00:00'), ('B', '2024-01-15 08:30:00'),
             ('B', '2024-01-15 09:30:00'), ('C', '2024-01-15 09:30:00')",
        )
        .await;
    table
}

#[tokio::test]
async fn a_range_has_every_cell_of_its_hours() {
    let table = some_moves().await;
    let cells = read(&table.open().await, &CellRequest::range(range("2024-01-15", "2024-01-16"))).await;
    assert_eq!(
        told(&cells),
        [
            "A 2024-01-15 08:00:00 3",
            "B 2024-01-15 08:00:00 1",
            "A 2024-01-15 09:00:00 1",
            "B 2024-01-15 09:00:00 1",
            "C 2024-01-15 09:00:00 1"
        ]
    );
}

#[tokio::test]
async fn a_cell_is_cut_where_its_owner_changes() {
    let table = some_moves().await;
    let cuts = vec![
        cut("A", "2024-01-15T08:20:00Z"),
        cut("A", "2024-01-15T08:20:00.000001Z"),
        cut("A", "2024-01-15T08:50:00Z"),
        cut("B", "2024-01-15T09:00:00Z"),
        cut("C", "2024-01-15T08:30:00Z"),
    ];
    let whole = CellRequest { cuts: cuts.clone(), ..CellRequest::range(range("2024-01-15", "2024-01-16")) };
    let parts = [
        "A 2024-01-15 08:00:00 1",
        "B 2024-01-15 08:00:00 1",
        "A 2024-01-15 08:20:00 1",
        "A 2024-01-15 08:20:00.000001 1",
        "A 2024-01-15 09:00:00 1",
        "B 2024-01-15 09:00:00 1",
        "C 2024-01-15 09:00:00 1",
    ];
    assert_eq!(told(&read(&table.open().await, &whole).await), parts);
    // Read by chip, the parts are the same.
    let scopes = ["A", "B", "C"].map(|chip| scope(chip, "2024-01-15", "2024-01-16")).to_vec();
    let by_chip = CellRequest { cuts, scopes, ..CellRequest::nothing(ages()) };
    assert_eq!(told(&read(&table.open().await, &by_chip).await), parts);
}

#[tokio::test]
async fn what_several_reasons_name_comes_once() {
    let table = some_moves().await;
    let baseline = table.baseline().await;
    table.moves("('A', '2024-01-15 08:40:00'), ('B', '2024-01-16 08:00:00')").await;
    let telemetry = table.open().await;
    let Since::New(new) = telemetry.since(&baseline).await.unwrap() else { panic!("nothing new") };
    assert_eq!((new.rows, new.hours), (2, 2));
    let wanted = CellRequest {
        within: range("2024-01-01", "2024-02-01"),
        range: Some(range("2024-01-15T08:00:00Z", "2024-01-15T09:00:00Z")),
        new: Some(new),
        scopes: vec![
            scope("A", "2024-01-15", "2024-01-17"),
            scope("A", "2024-01-15T08:00:00Z", "2024-01-15T10:00:00Z"),
        ],
        siblings: vec![pair("A", "B"), pair("B", "A")],
        cuts: vec![cut("A", "2024-01-15T08:15:00Z")],
        left_out: None,
    };
    assert_eq!(
        told(&read(&telemetry, &wanted).await),
        [
            "A 2024-01-15 08:00:00 1",
            "B 2024-01-15 08:00:00 1",
            "A 2024-01-15 08:15:00 3",
            "A 2024-01-15 09:00:00 1",
            "B 2024-01-15 09:00:00 1",
            "A 2024-01-16 08:00:00 1",
            "B 2024-01-16 08:00:00 1"
        ]
    );
}

#[tokio::test]
async fn a_new_row_brings_the_same_hour_of_all_siblings_and_no_other() {
    let table = some_moves().await;
    let baseline = table.baseline().await;
    table.moves("('A', '2024-01-15 09:59:59.999999')").await;
    let telemetry = table.open().await;
    let Since::New(new) = telemetry.since(&baseline).await.unwrap() else { panic!("nothing new") };
    // C belongs to A through B.
    let siblings = vec![pair("C", "B"), pair("B", "A")];
    let wanted = CellRequest { new: Some(new), siblings, ..CellRequest::nothing(ages()) };
    assert_eq!(
        told(&read(&telemetry, &wanted).await),
        ["A 2024-01-15 09:00:00 2", "B 2024-01-15 09:00:00 1", "C 2024-01-15 09:00:00 1"]
    );
}

#[tokio::test]
async fn nothing_outside_of_the_bounds_is_read() {
    let table = some_moves().await;
    let baseline = table.baseline().await;
    table
        .moves("('A', '2024-01-15 07:00:00'), ('A', '2024-01-15 09:30:00'), ('A', '2024-01-15 10:00:00')")
        .await;
    let telemetry = table.open().await;
    let Since::New(new) = telemetry.since(&baseline).await.unwrap() else { panic!("nothing new") };
    let within = range("2024-01-15T08:00:00Z", "2024-01-15T10:00:00Z");
    let scopes = vec![scope("B", "2024-01-01", "2025-01-01")];
    let wanted = CellRequest { new: Some(new), scopes, ..CellRequest::nothing(within) };
    assert_eq!(
        told(&read(&telemetry, &wanted).await),
        ["B 2024-01-15 08:00:00 1", "A 2024-01-15 09:00:00 2", "B 2024-01-15 09:00:00 1"]
    );
    assert!(read(&telemetry, &CellRequest::nothing(within)).await.is_empty());
}

#[tokio::test]
async fn a_crowded_hour_is_read_whole_and_each_cell_comes_once() {
    let table = Table::new(ChangesConfig::Auto).await;
    let each = |hour: &str| {
        format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time)
             SELECT 'CHIP-' || chip, timestamp '2024-01-15 {hour}:10' FROM generate_series(1, 400) AS chip"
        )
    };
    table.sql(&each("08")).await;
    let baseline = table.baseline().await;
    table.sql(&each("08")).await;
    table.moves("('CHIP-1', '2024-01-15 09:00:00')").await;
    let telemetry = table.open().await;
    let Since::New(new) = telemetry.since(&baseline).await.unwrap() else { panic!("nothing new") };
    let cuts = vec![cut("CHIP-7", "2024-01-15T08:05:00Z"), cut("CHIP-8", "2024-01-15T08:15:00Z")];
    let scopes = vec![scope("CHIP-9", "2024-01-15", "2024-01-16")];
    let wanted = CellRequest { new: Some(new), cuts, scopes, ..CellRequest::nothing(ages()) };
    let (cells, summary) = read_and_sum_up(&telemetry, &wanted).await;
    assert_eq!(summary.whole_hours, 1);
    assert_eq!((cells.len(), cells.values().sum::<i64>()), (401, 801));
    assert_eq!(cells[&("2024-01-15 08:05:00".to_owned(), "CHIP-7".to_owned())], 2);
    // A single chip is looked up.
    let alone = CellRequest {
        scopes: vec![scope("CHIP-9", "2024-01-15", "2024-01-16")],
        ..CellRequest::nothing(ages())
    };
    assert_eq!(read_and_sum_up(&telemetry, &alone).await.1.whole_hours, 0);
}

#[tokio::test]
async fn an_hour_that_is_dirty_for_the_most_part_is_read_whole_however_many_rows_it_has() {
    let table = Table::new(ChangesConfig::Auto).await;
    let moves = |hour: &str, chips: &str| {
        format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time)
             SELECT 'CHIP-' || chip, timestamp '2024-01-15 {hour}:00' + number * interval '30 seconds'
             FROM generate_series(1, 100) AS number, generate_series({chips}) AS chip"
        )
    };
    table.sql(&moves("09", "71, 400")).await;
    let baseline = table.baseline().await;
    for hour in ["08", "09"] {
        table.sql(&moves(hour, "1, 70")).await;
    }
    let telemetry = table.open().await;
    let Since::New(new) = telemetry.since(&baseline).await.unwrap() else { panic!("nothing new") };
    let wanted = CellRequest { new: Some(new), ..CellRequest::nothing(ages()) };
    let (cells, summary) = read_and_sum_up(&telemetry, &wanted).await;
    // Of the other hour's 400 chips 70 are dirty: they are looked up.
    assert_eq!((summary.whole_hours, summary.intervals), (1, 70));
    assert_eq!((cells.len(), cells.values().sum::<i64>()), (140, 14_000));
}

/// A table that is read at once is read from its first to its last whole hour: an unreadable cell between
/// them was not requested, so a search does not find it.
#[tokio::test]
async fn hours_between_those_that_are_wanted_are_no_short_cut_after_a_search() {
    let table = Table::new(ChangesConfig::Auto).await;
    table
        .sql(
            "ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE double precision;
             DROP INDEX telemetry.raw_telemetry_event_time_idx;
             INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms) VALUES
             ('BAD', '2024-01-15 10:00', 1e308), ('BAD', '2024-01-15 10:01', 1e308)",
        )
        .await;
    table
        .moves(
            "('A', '2024-01-15 08:10'), ('B', '2024-01-15 08:20'), ('A', '2024-01-15 10:30'),
             ('A', '2024-01-15 12:40'), ('C', '2024-01-15 12:50'), ('C', '2024-01-15 12:55')",
        )
        .await;
    let telemetry = table.open().await;
    let hour = |at: &str| parse_instant(at).unwrap().timestamp() / 3600;
    let hours = ["2024-01-15T08:00:00Z", "2024-01-15T12:00:00Z"].map(hour);
    let wanted =
        CellRequest { new: Some(NewRows::default().and_hours(hours)), ..CellRequest::nothing(ages()) };
    assert!(read_error(&telemetry, &wanted).await.unwrap().is(Condition::ValueUnreadable));
    let left_out = telemetry.unreadable(&wanted).await.unwrap();
    assert_eq!(left_out.cells, []);
    let wanted = CellRequest { left_out: Some(left_out), ..wanted };
    let (cells, summary) = read_and_sum_up(&telemetry, &wanted).await;
    assert_eq!((summary.slicing, summary.whole_hours), (Some(Slicing::AtOnce), 2));
    assert_eq!(
        told(&cells),
        [
            "A 2024-01-15 08:00:00 1",
            "B 2024-01-15 08:00:00 1",
            "A 2024-01-15 12:00:00 1",
            "C 2024-01-15 12:00:00 2"
        ]
    );
}

#[tokio::test]
async fn a_chip_may_be_called_anything() {
    let table = Table::new(ChangesConfig::Auto).await;
    let names = ["{table}", "it's", r#"a"b"#, r"c\", "Чип {1,2}", "NULL", ""];
    let baseline = table.baseline().await;
    let client = table.database.client().await;
    for name in names {
        let sql =
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ($1, '2024-01-15 08:00:00')";
        client.execute(sql, &[&name]).await.unwrap();
    }
    let found = table.since(&baseline).await.unwrap();
    let mut chips: Vec<&str> = found.keys().map(|(_, chip)| chip.as_str()).collect();
    chips.sort_unstable();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(chips, expected);
    // Left out of a whole hour because they are cut, they are read as parts.
    let cuts = names.map(|name| cut(name, "2024-01-15T08:30:00Z")).to_vec();
    let whole = CellRequest { cuts, ..CellRequest::range(range("2024-01-15", "2024-01-16")) };
    assert_eq!(read(&table.open().await, &whole).await, found);
}

#[tokio::test]
async fn rows_are_counted_by_their_utc_day_whatever_the_type_of_the_time_and_the_zone_of_the_server() {
    for of in ["timestamp", "timestamptz USING event_time AT TIME ZONE 'UTC'"] {
        let table = some_moves().await;
        table
            .sql(&format!(
                "ALTER TABLE telemetry.raw_telemetry ALTER event_time TYPE {of}, ALTER chip_id DROP NOT NULL;
                 INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES (NULL, '2024-01-15 10:00:00+00');
                 DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Kamchatka''', current_database()); END$$"
            ))
            .await;
        let days =
            table.open().await.rows_by_day(&range("2024-01-15T09:00:00Z", "2024-01-17")).await.unwrap();
        let told: Vec<String> = days.iter().map(|(day, rows)| format!("{day} {rows}")).collect();
        assert_eq!(told, ["2024-01-15 3", "2024-01-16 1"], "{of}");
    }
}
