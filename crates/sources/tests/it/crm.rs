//! The CRM's fingerprint: another one for whatever is read, the same one for everything else.

use bionicpro_sources::{Crm, CrmConfig, Database, OpenCrm};
use bionicpro_testing::TestDatabase;
use uuid::Uuid;

const CRM: &str = "
    CREATE SCHEMA crm;
    CREATE TABLE crm.customers (id uuid, name text, email text, ldap_username text, phone text);
    CREATE TABLE crm.prosthesis_models (id uuid, name text);
    CREATE TABLE crm.prostheses (
        id uuid, customer_id uuid, model_id uuid, chip_id text, serial_number text, updated_at timestamp);
    INSERT INTO crm.customers (id, name, email) VALUES
        ('00000000-0000-0000-0000-00000000000a', 'Anna', 'a@example.com'),
        ('00000000-0000-0000-0000-00000000000b', 'Ivan', 'b@example.com');
    INSERT INTO crm.prosthesis_models VALUES ('00000000-0000-0000-0000-0000000000f1', 'Grip');
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
        let session = Database::crm(&self.config).unwrap().connect().await.unwrap();
        OpenCrm::new(session, &self.config, 0).await.unwrap().fingerprint().to_owned()
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
        "UPDATE crm.prostheses SET updated_at = '2024-01-15 08:00:00.000001' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prostheses SET chip_id = 'CHIP-2' WHERE chip_id IS NULL",
        "UPDATE crm.prostheses SET chip_id = 'CHIP-' || 3 - right(chip_id, 1)::int",
        "UPDATE crm.prostheses SET customer_id = '00000000-0000-0000-0000-00000000000b' WHERE chip_id = 'CHIP-1'",
        "UPDATE crm.prosthesis_models SET name = 'Grip 2'",
        "DELETE FROM crm.prosthesis_models",
        // Two equal rows more, which a sum without carry would not see.
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
    let session = Database::crm(&world.config).unwrap().connect().await.unwrap();
    let crm = OpenCrm::new(session, &world.config, 0).await.unwrap();
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
