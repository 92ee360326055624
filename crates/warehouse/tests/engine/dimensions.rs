//! The dimensions: login names, ownership intervals, and stored rows that are restated after a change.

use bionicpro_model::Username;
use bionicpro_warehouse::load::{self, Changed, Dimensions, UserProsthesisRow, UserRow};
use bionicpro_warehouse::owners::Ownership;
use bionicpro_warehouse::reports::OwnedProsthesis;
use bionicpro_warehouse::state;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::support::rows::MartRow;
use crate::support::{Db, tick};

/// Returns people with a prosthesis and a chip each.
pub(crate) fn people(names: &[(u128, &str)]) -> Dimensions {
    let users = names.iter().map(|&(id, name)| UserRow {
        user_id: Uuid::from_u128(id),
        ldap_username: name.to_owned(),
        customer_name: format!("Name {id}"),
        customer_email: format!("{id}@example.org"),
    });
    let prostheses = names.iter().map(|&(id, _)| UserProsthesisRow {
        user_id: Uuid::from_u128(id),
        prosthesis_id: Uuid::from_u128(100 + id),
        chip_id: format!("chip-{id}"),
        prosthesis_model: "Hand 3".to_owned(),
        serial_number: String::new(),
        manufactured_on: NaiveDate::from_ymd_opt(2024, 2, 29),
        // The CRM does not have it for every prosthesis.
        warranty_until: NaiveDate::from_ymd_opt(2027, 2, 28).filter(|_| id % 2 == 1),
    });
    let owners = names.iter().map(|&(id, _)| Ownership {
        chip_id: format!("chip-{id}"),
        valid_from: DateTime::UNIX_EPOCH,
        valid_to: None,
        user_id: Uuid::from_u128(id),
        prosthesis_id: Uuid::from_u128(100 + id),
        prosthesis_model: "Hand 3".to_owned(),
        updated_at: None,
    });
    Dimensions { users: users.collect(), prostheses: prostheses.collect(), owners: owners.collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_belongs_to_whom_the_newest_crm_says() {
    let db = Db::migrated().await;
    // The number of each person's prosthesis is the person's number plus 100.
    let who = async |name: &str| {
        let (person, _) = db.reports.person(&Username::new(name), &[]).await.unwrap();
        person.prostheses.first().map(|own| own.prosthesis_id.as_u128() - 100)
    };
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "ivan"), (2, "olga"), (3, "")]), 10).await.unwrap();
    assert_eq!((who("ivan").await, who("olga").await, who("").await), (Some(1), Some(2), None));
    // The name moves to another person, a customer leaves, and the older state is loaded again.
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "ivan.old"), (4, "ivan")]), 20).await.unwrap();
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "ivan"), (2, "olga")]), 10).await.unwrap();
    assert_eq!((who("ivan").await, who("ivan.old").await, who("olga").await), (Some(4), Some(1), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_owners_comes_back_to_the_microsecond() {
    let db = Db::migrated().await;
    assert!(load::owners(&db.warehouse).await.unwrap().is_empty());
    let change: DateTime<Utc> = DateTime::from_timestamp_micros(1_767_225_600_123_456).unwrap();
    let first = Ownership {
        chip_id: "чип 'x'".to_owned(),
        valid_from: DateTime::UNIX_EPOCH,
        valid_to: None,
        user_id: Uuid::from_u128(1),
        prosthesis_id: Uuid::from_u128(2),
        prosthesis_model: "Hand 3".to_owned(),
        updated_at: None,
    };
    let state = |owners: &[Ownership]| Dimensions { owners: owners.to_vec(), ..Dimensions::default() };
    load::upsert_dimensions(&db.warehouse, &state(std::slice::from_ref(&first)), 1).await.unwrap();
    assert_eq!(load::owners(&db.warehouse).await.unwrap(), std::slice::from_ref(&first));
    let closed = Ownership { valid_to: Some(change), ..first.clone() };
    let second = Ownership { valid_from: change, user_id: Uuid::from_u128(9), ..first };
    let history = [closed, second];
    load::upsert_dimensions(&db.warehouse, &state(&history), 2).await.unwrap();
    assert_eq!(load::owners(&db.warehouse).await.unwrap(), history);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_has_its_owner_of_then_for_ml_whoever_has_the_chip_now() {
    let db = Db::migrated().await;
    let change = DateTime::from_timestamp(1_768_467_600, 0).unwrap();
    let mut history = people(&[(1, "ivan"), (2, "olga")]);
    history.owners[0].valid_to = Some(change);
    history.owners.push(Ownership {
        valid_from: change,
        valid_to: None,
        user_id: Uuid::from_u128(2),
        prosthesis_id: Uuid::from_u128(102),
        prosthesis_model: "Hand 4".to_owned(),
        ..history.owners[0].clone()
    });
    load::upsert_dimensions(&db.warehouse, &history, 1).await.unwrap();
    let hour = |user, hour| {
        let chip_id = "chip-1".to_owned();
        MartRow { chip_id, ..MartRow::new(user, 100 + user, hour) }
    };
    let rows = [hour(1, "2026-01-15T08:00:00Z"), hour(2, "2026-01-15T09:00:00Z")];
    db.insert_rows(&rows, &tick(1, &rows)).await;
    // The query in the guide.
    let guide = include_str!("../../../../docs/guides/ml-engineers.md");
    let (_, asked) = guide.split_once("-- the owner of then").unwrap();
    let asked = asked.split("```").next().unwrap();
    let sql = format!(
        "SELECT toHour(hour), toString(user_id), toUnixTimestamp(valid_from), valid_to IS NULL FROM ({asked}) ORDER BY hour"
    );
    let told = db.client.query_raw(&sql).fetch_all::<(u8, String, u32, bool)>().await.unwrap();
    let id = |user| Uuid::from_u128(user).to_string();
    assert_eq!(told, [(8, id(1), 0, false), (9, id(2), 1_768_467_600, true)]);

    // The model has its present name, in former intervals too.
    for owned in &mut history.owners {
        owned.prosthesis_model = "Renamed".to_owned();
    }
    history.owners.remove(1);
    load::upsert_dimensions(&db.warehouse, &history, 2).await.unwrap();
    let told = "SELECT count() FROM ml_ownership WHERE prosthesis_model = 'Renamed'";
    assert_eq!(db.count(told).await, db.count("SELECT count() FROM ml_ownership").await);
    assert_eq!(db.count(told).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_of_some_chips_come_with_those_of_every_chip_that_one_row_may_add_up() {
    let db = Db::migrated().await;
    let since = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
    let held = |chip: &str, hours: i64, prosthesis: u128| Ownership {
        chip_id: chip.to_owned(),
        valid_from: since(hours),
        valid_to: None,
        user_id: Uuid::from_u128(1000 + prosthesis),
        prosthesis_id: Uuid::from_u128(prosthesis),
        prosthesis_model: String::new(),
        updated_at: None,
    };
    // One chip belonged to two prostheses, the second of which also had a chip that a third one has now.
    let strange = "\\'`\t\n?чип";
    let all = [
        held("alone", 0, 9),
        held("first", 0, 1),
        held("second", 0, 1),
        held("second", 5, 2),
        held(strange, 0, 2),
        held(strange, 7, 3),
    ];
    let mut state = Dimensions { owners: all.to_vec(), ..Dimensions::default() };
    load::upsert_dimensions(&db.warehouse, &state, 1).await.unwrap();
    let of = async |chips: &[&str]| load::owners_of(&db.warehouse, chips).await.unwrap();
    state.owners.sort_by(|one, two| (&one.chip_id, one.valid_from).cmp(&(&two.chip_id, two.valid_from)));
    assert_eq!(of(&["first", "alone"]).await, state.owners);
    assert_eq!(of(&["alone", "unknown"]).await, all[..1]);
    assert_eq!(of(&[strange]).await.len(), 5);
    assert_eq!(of(&["un'known"]).await, []);
    let of_all: Vec<String> = (0..5_000).map(|chip| format!("a chip of some length {chip}")).collect();
    assert_eq!(of(&of_all.iter().map(String::as_str).collect::<Vec<_>>()).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_comes_back_and_is_not_written_again() {
    let db = Db::migrated().await;
    let state = people(&[(1, "ivan"), (2, "olga")]);
    let first = load::upsert_dimensions(&db.warehouse, &state, 10).await.unwrap();
    assert_eq!((first.rows, first.is_empty()), (6, true));
    assert_eq!(load::dimensions(&db.warehouse).await.unwrap(), state);
    let stored = "SELECT sum(rows) FROM (SELECT count() AS rows FROM users UNION ALL SELECT count() FROM user_prostheses
        UNION ALL SELECT count() FROM chip_owners)";
    assert_eq!(db.count(stored).await, 6);
    let same = load::upsert_dimensions(&db.warehouse, &state, 20).await.unwrap();
    assert_eq!(same, Changed { version: 20, ..Changed::default() });
    assert_eq!(db.count(stored).await, 6);
    // It was still recorded as seen: an older state that differs is too late.
    assert_eq!(state::read(&db.warehouse).await.unwrap().standing.stamp.dimensions, 20);
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "else")]), 15).await.unwrap();
    assert_eq!(load::dimensions(&db.warehouse).await.unwrap(), state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_the_crm_corrects_or_forgets_is_stored_and_touches_no_hour() {
    let db = Db::migrated().await;
    let rows = loaded(&db).await;
    let mut state = people(&[(1, "ivan"), (2, "olga")]);
    state.prostheses[0].warranty_until = NaiveDate::from_ymd_opt(2149, 6, 6);
    state.prostheses[1].manufactured_on = None;
    let changed = load::upsert_dimensions(&db.warehouse, &state, 9).await.unwrap();
    assert_eq!((changed.rows, changed.is_empty()), (2, true));
    assert_eq!(load::dimensions(&db.warehouse).await.unwrap(), state);
    assert_eq!(db.count("SELECT count() FROM user_prosthesis_stats").await, rows.len() as u64);
    let own = db.reports.owned(&Username::new("ivan")).await.unwrap();
    assert_eq!(
        (own[0].manufactured_on, own[0].warranty_until),
        (NaiveDate::from_ymd_opt(2024, 2, 29), NaiveDate::from_ymd_opt(2149, 6, 6))
    );
    let own = db.reports.owned(&Username::new("olga")).await.unwrap();
    assert_eq!((own[0].manufactured_on, own[0].warranty_until), (None, None));
    for name in ["ivan", "olga"] {
        let (person, _) = db.reports.person(&Username::new(name), &[]).await.unwrap();
        let owned = db.reports.owned(&Username::new(name)).await.unwrap();
        assert!(owned[0].owned_since.is_some() && owned[0].last_hour.is_some());
        assert_eq!(
            OwnedProsthesis::of_person(&person),
            Some(owned),
            "the prostheses read with the hours are the same"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_load_that_stores_another_state_leaves_another_stamp() {
    let db = Db::migrated().await;
    let stamp = async || state::read(&db.warehouse).await.unwrap().standing.stamp;
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "ivan")]), 10).await.unwrap();
    assert_eq!(stamp().await, state::DimensionVersions { dimensions: 10, changing: 10, pending: 0 });
    load::confirm_dimensions(&db.warehouse, 20).await.unwrap();
    assert_eq!(stamp().await, state::DimensionVersions { dimensions: 20, changing: 10, pending: 0 });
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "petr")]), 30).await.unwrap();
    assert_eq!(stamp().await, state::DimensionVersions { dimensions: 30, changing: 30, pending: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_keeps_no_personal_data() {
    let db = Db::migrated().await;
    load::upsert_dimensions(&db.warehouse, &people(&[(1, "ivan"), (2, "olga")]), 1).await.unwrap();
    load::upsert_dimensions(&db.warehouse, &people(&[(2, "olga")]), 2).await.unwrap();
    db.execute("OPTIMIZE TABLE users FINAL").await;
    assert_eq!(db.count("SELECT count() FROM users WHERE customer_name = 'Name 1'").await, 0);
    assert_eq!(db.count("SELECT count() FROM users FINAL").await, 1);
}

/// Loads two people's rows in two months at version 5, with the names of the dimensions of version 4.
async fn loaded(db: &Db) -> Vec<MartRow> {
    let state = people(&[(1, "ivan"), (2, "olga")]);
    load::upsert_dimensions(&db.warehouse, &state, 4).await.unwrap();
    let rows: Vec<MartRow> =
        [(1, "2026-01-31T23:00:00Z"), (1, "2026-02-01T00:00:00Z"), (2, "2026-02-01T00:00:00Z")]
            .into_iter()
            .map(|(id, hour)| MartRow {
                ldap_username: state.users[usize::try_from(id).unwrap() - 1].ldap_username.clone(),
                customer_name: format!("Name {id}"),
                customer_email: format!("{id}@example.org"),
                ..MartRow::new(id, 100 + id, hour)
            })
            .collect();
    db.insert_rows(&rows, &tick(5, &rows)).await;
    rows
}

/// Returns `login name model version` of each live row, in the order of the key.
async fn told(db: &Db) -> Vec<String> {
    let sql =
        "SELECT concat(ldap_username, ' ', customer_name, ' ', prosthesis_model, ' ', toString(version))
        FROM user_prosthesis_stats FINAL ORDER BY user_id, hour";
    db.client.query_raw(sql).fetch_all::<String>().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_name_or_model_reaches_every_stored_row_and_no_number() {
    let db = Db::migrated().await;
    loaded(&db).await;
    let numbers = "SELECT toUInt64(cityHash64(groupArray((user_id, prosthesis_id, chip_id, hour, movements_count, error_count,
        response_sum, battery_sum, response_squares, battery_squares, battery_min, battery_last, avg_response_time, avg_battery_level)))) FROM
        (SELECT * FROM user_prosthesis_stats FINAL ORDER BY user_id, hour)";
    let before = db.count(numbers).await;
    let mut state = people(&[(1, "ivan.petrov"), (2, "olga")]);
    state.users[0].customer_name = "New".to_owned();
    state.owners[1].prosthesis_model = "Hand 4".to_owned();
    let changed = load::upsert_dimensions(&db.warehouse, &state, 9).await.unwrap();
    assert_eq!(changed.users, [Uuid::from_u128(1)]);
    assert_eq!(changed.prostheses, [Uuid::from_u128(102)]);
    assert_eq!(load::restate(&db.warehouse, &changed).await.unwrap(), 3);
    let expected = ["ivan.petrov New Hand 3 6", "ivan.petrov New Hand 3 6", "olga Name 2 Hand 4 6"];
    assert_eq!(told(&db).await, expected);
    assert_eq!(db.count(numbers).await, before);
    // A repetition finds nothing left to do.
    assert_eq!(load::restate(&db.warehouse, &changed).await.unwrap(), 0);
    assert_eq!(told(&db).await, expected);
    assert!(load::upsert_dimensions(&db.warehouse, &state, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_stored_but_not_restated_is_named_until_it_is() {
    let db = Db::migrated().await;
    loaded(&db).await;
    let state = people(&[(1, "ivan.petrov"), (2, "olga")]);
    load::upsert_dimensions(&db.warehouse, &state, 9).await.unwrap();
    // Killed here. The next load finds nothing new in the CRM, but still returns the change.
    let changed = load::upsert_dimensions(&db.warehouse, &state, 10).await.unwrap();
    assert_eq!((changed.rows, changed.users.contains(&Uuid::from_u128(1))), (0, true));
    assert_eq!(load::restate(&db.warehouse, &changed).await.unwrap(), 2);
    assert!(load::upsert_dimensions(&db.warehouse, &state, 11).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_later_run_may_take_the_version_of_a_restated_row() {
    let db = Db::migrated().await;
    let rows = loaded(&db).await;
    db.insert_rows(&rows[..1], &tick(8, &rows[..1])).await;
    let state = people(&[(1, "ivan.petrov"), (2, "olga")]);
    let changed = load::upsert_dimensions(&db.warehouse, &state, 7).await.unwrap();
    load::restate(&db.warehouse, &changed).await.unwrap();
    assert_eq!(told(&db).await[0], "ivan.petrov Name 1 Hand 3 9");
    assert!(state::read(&db.warehouse).await.unwrap().newest_version >= 9);
}
