//! The CRM's fingerprint, which changes with all that is read and with nothing else; and the columns that the
//! CRM need not have.

use bionicpro_sources::crm::Prosthesis;
use bionicpro_sources::{Crm, CrmConfig, Database, OpenCrm};
use bionicpro_testing::TestDatabase;
use chrono::NaiveDate;
use uuid::Uuid;

const CRM: &str = "
    CREATE SCHEMA crm;
    CREATE TABLE crm.customers (id uuid, name text, email text, ldap_username text, phone text);
    CREATE TABLE crm.prosthesis_models (id uuid, name text, warranty_years smallint);
    CREATE TABLE crm.prostheses (
        id uuid, customer_id uuid, model_id uuid, chip_id text, serial_number text, updated_at timestamp,
        manufacture_date date);
    INSERT INTO crm.customers (id, name, email) VALUES
        ('00000000-0000-0000-0000-00000000000a', 'Anna', 'a@example.com'),
        ('00000000-0000-0000-0000-00000000000b', 'Ivan', 'b@example.com');
    INSERT INTO crm.prosthesis_models VALUES ('00000000-0000-0000-0000-0000000000f1', 'Grip', 2);
    INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id) VALUES
        ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-00000000000a',
         '00000000-0000-0000-0000-0000000000f1', 'CHIP-1'),
        ('00000000-0000-0000-0000-0000000000c2', NULL, '00000000-0000-0000-0000-0000000000f1', NULL);";

struct World {
    database: TestDatabase,
    config: CrmConfig,
}

impl World {
    async fn new() -> World {
        let database = bionicpro_testing::postgres().database().await;
        let config = CrmConfig { url: Some(database.url.clone()), ..CrmConfig::default() };
        let world = World { database, config };
        world.sql(CRM).await;
        world
    }

    async fn sql(&self, sql: &str) {
        self.database.client().await.batch_execute(sql).await.unwrap();
    }

    async fn fingerprint(&self) -> String {
        let database = Database::crm(&self.config).unwrap();
        OpenCrm::open(&database, &self.config, 0).await.unwrap().fingerprint().to_owned()
    }

    /// The prosthesis with the chip, as it is read.
    async fn first(&self) -> Prosthesis {
        let crm = Crm::read(&Database::crm(&self.config).unwrap(), &self.config, 0).await.unwrap();
        crm.prostheses.into_iter().find(|row| row.chip_id.is_some()).unwrap()
    }

    /// Its date of manufacture and the end of its warranty.
    async fn dates(&self) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let first = self.first().await;
        (first.manufactured_on, first.warranty_until)
    }
}

#[tokio::test]
async fn each_change_of_what_is_read_gives_another_fingerprint() {
    let world = World::new().await;
    let mut seen = vec![world.fingerprint().await];
    for change in [
        "UPDATE crm.customers SET name = 'Anne' WHERE name = 'Anna'",
        "UPDATE crm.customers SET email = '' WHERE name = 'Ivan'",
        "UPDATE crm.customers SET name = CASE name WHEN 'Ivan' THEN 'Anne' ELSE 'Ivan' END",
        "UPDATE crm.customers SET ldap_username = 'anna' WHERE name = 'Anne'",
        "UPDATE crm.prostheses SET serial_number = '1' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prostheses SET updated_at = '2024-01-15 08:00' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prostheses SET manufacture_date = '2024-02-29' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prosthesis_models SET warranty_years = 3",
        "UPDATE crm.prostheses SET updated_at = '2024-01-15 08:00:00.000001' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prostheses SET chip_id = 'CHIP-2' WHERE chip_id IS NULL",
        "UPDATE crm.prostheses SET chip_id = 'CHIP-' || 3 - right(chip_id, 1)::int",
        "UPDATE crm.prostheses SET customer_id = '00000000-0000-0000-0000-00000000000b' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prosthesis_models SET name = 'Grip 2'",
        "DELETE FROM crm.prosthesis_models",
        // Two more equal rows, which a sum without carry would miss.
        "INSERT INTO crm.customers SELECT * FROM crm.customers; INSERT INTO crm.customers SELECT * FROM crm.customers",
        "DELETE FROM crm.customers",
        "DELETE FROM crm.prostheses",
    ] {
        world.sql(change).await;
        let now = world.fingerprint().await;
        assert!(!seen.contains(&now), "{change}: {now}");
        seen.push(now);
    }
}

#[tokio::test]
async fn a_collation_that_ignores_case_hides_no_change() {
    let world = World::new().await;
    world
        .sql(
            "CREATE COLLATION crm.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             ALTER TABLE crm.customers ALTER name TYPE text COLLATE crm.any_case",
        )
        .await;
    let before = world.fingerprint().await;
    world.sql("UPDATE crm.customers SET name = 'ANNA' WHERE name = 'Anna'").await;
    assert_ne!(world.fingerprint().await, before);
}

#[tokio::test]
async fn some_rows_are_the_ones_asked_for_and_who_has_the_prostheses_now() {
    let world = World::new().await;
    let database = Database::crm(&world.config).unwrap();
    let crm = OpenCrm::open(&database, &world.config, 0).await.unwrap();
    let (ivan, of_anna) = (Uuid::from_u128(0xb), Uuid::from_u128(0xc1));
    let told = |crm: &Crm| {
        let names: Vec<_> = crm.customers.iter().map(|row| row.name.clone()).collect();
        (names.join(" "), crm.prostheses.iter().map(|row| row.id).collect::<Vec<_>>(), crm.is_whole())
    };
    let some = crm.read_some(&[ivan], &[]).await.unwrap();
    assert_eq!(told(&some), ("Ivan".to_owned(), vec![], false));
    assert_eq!((some.all_customers, some.all_prostheses), (2, 2));
    let some = crm.read_some(&[], &[of_anna]).await.unwrap();
    assert_eq!(told(&some), ("Anna".to_owned(), vec![of_anna], false));
    assert_eq!(told(&crm.read_some(&[], &[]).await.unwrap()), (String::new(), vec![], false));
    assert!(crm.read().await.unwrap().is_whole());
}

#[tokio::test]
async fn what_no_report_says_and_the_order_of_rows_leave_the_fingerprint() {
    let world = World::new().await;
    let before = world.fingerprint().await;
    world.sql("UPDATE crm.customers SET phone = '1'; CREATE TABLE crm.other AS SELECT * FROM crm.prostheses ORDER BY id DESC; \
               TRUNCATE crm.prostheses; INSERT INTO crm.prostheses SELECT * FROM crm.other").await;
    assert_eq!(world.fingerprint().await, before);
}

fn day(text: &str) -> Option<NaiveDate> {
    Some(text.parse().unwrap())
}

#[tokio::test]
async fn a_warranty_ends_so_many_years_after_the_day_of_manufacture() {
    let world = World::new().await;
    assert_eq!(world.dates().await, (None, None), "no day of manufacture");
    let made =
        async |on: &str| world.sql(&format!("UPDATE crm.prostheses SET manufacture_date = '{on}'")).await;
    let lasts = async |years: &str| {
        world.sql(&format!("UPDATE crm.prosthesis_models SET warranty_years = {years}")).await
    };
    made("2023-03-01").await;
    assert_eq!(world.dates().await, (day("2023-03-01"), day("2025-03-01")));
    made("2024-02-29").await;
    assert_eq!(world.dates().await, (day("2024-02-29"), day("2026-02-28")));
    for years in ["NULL", "0", "-3", "32767"] {
        lasts(years).await;
        assert_eq!(world.dates().await, (day("2024-02-29"), None), "{years} years");
    }
    lasts("100").await;
    // A date that the warehouse cannot hold counts as unknown, and stops no run.
    for (on, dates) in [
        ("infinity", (None, None)),
        ("0044-03-15 BC", (None, None)),
        ("2149-06-07", (None, None)),
        ("2149-06-06", (day("2149-06-06"), None)),
        ("2049-01-01", (day("2049-01-01"), day("2149-01-01"))),
        ("1970-01-01", (day("1970-01-01"), day("2070-01-01"))),
    ] {
        made(on).await;
        assert_eq!(world.dates().await, dates, "{on}");
    }
    world.sql("DELETE FROM crm.prosthesis_models").await;
    assert_eq!(world.dates().await, (day("1970-01-01"), None), "no model");
}

#[tokio::test]
async fn what_the_crm_need_not_have_is_not_known_where_it_is_missing_or_of_another_type() {
    let world = World::new().await;
    world.sql("UPDATE crm.prostheses SET manufacture_date = '2023-03-01', serial_number = 'S-1'").await;
    for (change, serial, dates) in [
        (
            "ALTER TABLE crm.prosthesis_models ALTER warranty_years TYPE text",
            "S-1",
            (day("2023-03-01"), None),
        ),
        ("ALTER TABLE crm.prosthesis_models DROP COLUMN warranty_years", "S-1", (day("2023-03-01"), None)),
        ("ALTER TABLE crm.prostheses ALTER manufacture_date TYPE text", "S-1", (None, None)),
        (
            "ALTER TABLE crm.prostheses DROP COLUMN manufacture_date, DROP COLUMN serial_number",
            "",
            (None, None),
        ),
    ] {
        world.sql(change).await;
        let first = world.first().await;
        assert_eq!((first.manufactured_on, first.warranty_until), dates, "{change}");
        assert_eq!(first.serial_number, serial, "{change}");
        assert_eq!(first.model.as_deref(), Some("Grip"), "{change}");
    }
}
