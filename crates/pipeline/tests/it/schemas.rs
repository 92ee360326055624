//! Source tables in the forms that other programs create, and some that cannot be read.

use bionicpro_model::{Error, Kind, SecretUrl};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{RunRequest, RunSpec, run};

use crate::world::{World, days};

const MOVES: &str =
    "('CHIP-1', '2024-01-15 08:00:01', 40, 80, 'E1'), ('CHIP-1', '2024-01-15 08:59:59.999999', 50, 79, NULL),
                     ('CHIP-2', '2024-01-15 09:00:00', NULL, NULL, '')";

/// Returns the outcome of a run after a change of the telemetry database.
async fn after_telemetry_change(sql: &str) -> Result<Vec<String>, Error> {
    let world = World::new().await;
    world.moves(MOVES).await;
    world.telemetry_sql(sql).await;
    world.run().await?;
    Ok(world.told().await)
}

async fn after_crm_change(sql: &str) -> Result<Vec<String>, Error> {
    let world = World::new().await;
    world.moves(MOVES).await;
    world.crm_sql(sql).await;
    world.run().await?;
    Ok(world.told().await)
}

const TOLD: [&str; 2] = ["a CHIP-1 2024-01-15 08 2", "b CHIP-2 2024-01-15 09 1"];

#[tokio::test]
async fn optional_columns_may_be_missing() {
    let telemetry = "ALTER TABLE telemetry.raw_telemetry DROP COLUMN id, DROP COLUMN movement_type, \
                     DROP COLUMN raw_data, DROP COLUMN created_at";
    assert_eq!(after_telemetry_change(telemetry).await.unwrap(), TOLD);
    let crm = "ALTER TABLE crm.prostheses DROP COLUMN serial_number, DROP COLUMN manufacture_date; \
               ALTER TABLE crm.customers DROP COLUMN phone, DROP COLUMN updated_at; \
               ALTER TABLE crm.prosthesis_models DROP COLUMN description, DROP COLUMN warranty_years";
    assert_eq!(after_crm_change(crm).await.unwrap(), TOLD);
}

#[tokio::test]
async fn a_missing_table_or_column_is_named() {
    for (sql, name) in [
        ("DROP TABLE telemetry.raw_telemetry", "telemetry.raw_telemetry"),
        ("ALTER TABLE telemetry.raw_telemetry DROP COLUMN error_code", "telemetry.raw_telemetry.error_code"),
    ] {
        let error = after_telemetry_change(sql).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Data, "{sql}");
        assert!(error.to_string().ends_with(name), "{error}");
        assert!(error.hint_text().is_some());
    }
    let error = after_crm_change("ALTER TABLE crm.customers DROP COLUMN ldap_username").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a column that the pipeline needs does not exist: CRM: crm.customers.ldap_username"
    );
}

#[tokio::test]
async fn a_column_of_another_type_is_named_with_what_was_expected() {
    let change = |column: &str, to: &str| {
        format!(
            "ALTER TABLE telemetry.raw_telemetry ALTER {column} TYPE {to} USING NULL, ALTER {column} DROP NOT NULL"
        )
    };
    for (column, to) in [("event_time", "bigint"), ("response_time_ms", "text"), ("chip_id", "integer")] {
        let sql = format!(
            "ALTER TABLE telemetry.raw_telemetry ALTER {column} DROP NOT NULL; {}",
            change(column, to)
        );
        let error = after_telemetry_change(&sql).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Data, "{column}");
        assert!(error.to_string().contains(column) && error.to_string().contains("expected"), "{error}");
    }
}

#[tokio::test]
async fn every_number_type_and_both_time_types_give_the_same_report() {
    for number in ["smallint", "integer", "bigint", "real", "double precision", "numeric(9,2)"] {
        for time in ["timestamp", "timestamptz"] {
            let sql = format!(
                "SET TimeZone = 'UTC'; ALTER TABLE telemetry.raw_telemetry ALTER response_time_ms TYPE {number}, \
                 ALTER battery_level TYPE {number}, ALTER event_time TYPE {time}, ALTER chip_id TYPE varchar(64)"
            );
            assert_eq!(after_telemetry_change(&sql).await.unwrap(), TOLD, "{number} {time}");
        }
    }
}

#[tokio::test]
async fn an_error_code_may_be_a_number() {
    let sql = "ALTER TABLE telemetry.raw_telemetry ALTER error_code TYPE integer USING nullif(ltrim(error_code, 'E'), '')::int";
    assert_eq!(after_telemetry_change(sql).await.unwrap(), TOLD);
}

#[tokio::test]
async fn names_that_need_quotes_are_read() {
    let world = World::new().await;
    world.moves(MOVES).await;
    world
        .telemetry_sql(
            "ALTER SCHEMA telemetry RENAME TO \"Tele \"\"metry\"; \
                         ALTER TABLE \"Tele \"\"metry\".raw_telemetry RENAME TO \"raw; DROP\"",
        )
        .await;
    let mut telemetry = world.telemetry_config();
    (telemetry.schema, telemetry.table) = ("Tele \"metry".to_owned(), "raw; DROP".to_owned());
    let context = world.context_with(&world.crm_config(), &telemetry, &world.warehouse_config());
    run(&context, RunSpec { run: None, ask: RunRequest::Range(days()) }, &Quiet).await.unwrap();
    assert_eq!(world.told().await, TOLD);
}

#[tokio::test]
async fn the_zone_of_the_source_does_not_matter() {
    for column in ["timestamp", "timestamptz"] {
        let world = World::new().await;
        world.moves(MOVES).await;
        world
            .telemetry_sql(&format!(
                "SET TimeZone = 'UTC'; ALTER TABLE telemetry.raw_telemetry ALTER event_time TYPE {column}; \
                 ALTER DATABASE {} SET TimeZone = 'Asia/Kolkata'",
                world.telemetry.name
            ))
            .await;
        world.run().await.unwrap();
        assert_eq!(world.told().await, TOLD, "{column}");
    }
}

#[tokio::test]
async fn a_view_a_partitioned_table_and_a_table_without_indexes_are_read() {
    let view = "ALTER TABLE telemetry.raw_telemetry RENAME TO stored; \
                CREATE VIEW telemetry.raw_telemetry AS SELECT * FROM telemetry.stored";
    assert_eq!(after_telemetry_change(view).await.unwrap(), TOLD);
    let bare = "CREATE TABLE telemetry.bare AS TABLE telemetry.raw_telemetry; DROP TABLE telemetry.raw_telemetry; \
                ALTER TABLE telemetry.bare RENAME TO raw_telemetry";
    assert_eq!(after_telemetry_change(bare).await.unwrap(), TOLD);
    let by_month = "ALTER TABLE telemetry.raw_telemetry RENAME TO old; \
        CREATE TABLE telemetry.raw_telemetry (LIKE telemetry.old) PARTITION BY RANGE (event_time); \
        CREATE TABLE telemetry.january PARTITION OF telemetry.raw_telemetry FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); \
        CREATE INDEX ON telemetry.raw_telemetry (chip_id, event_time); CREATE INDEX ON telemetry.raw_telemetry (event_time); \
        INSERT INTO telemetry.raw_telemetry SELECT * FROM telemetry.old";
    assert_eq!(after_telemetry_change(by_month).await.unwrap(), TOLD);
}

#[tokio::test]
async fn a_source_that_is_down_or_refuses_says_what_to_do() {
    let world = World::new().await;
    let good = world.telemetry.url.expose_secret().clone();
    let kind_of = |change: &dyn Fn(&mut url::Url)| {
        let mut url = good.clone();
        change(&mut url);
        let mut telemetry = world.telemetry_config();
        telemetry.url = Some(SecretUrl::parse(url.as_str()).unwrap());
        let context = world.context_with(&world.crm_config(), &telemetry, &world.warehouse_config());
        async move {
            let error = run(&context, RunSpec { run: None, ask: RunRequest::Range(days()) }, &Quiet)
                .await
                .unwrap_err();
            assert!(error.hint_text().is_some(), "{error}");
            assert!(!error.report().contains("wrong-password"), "{}", error.report());
            error.kind()
        }
    };
    // Nothing listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(kind_of(&|url| url.set_port(Some(free)).unwrap()).await, Kind::Unreachable);
    assert_eq!(kind_of(&|url| url.set_password(Some("wrong-password")).unwrap()).await, Kind::Config);
    assert_eq!(kind_of(&|url| url.set_path("/no_such_database")).await, Kind::Config);
    assert_eq!(kind_of(&|url| url.set_query(Some("sslmode=verify-full"))).await, Kind::Config);
    assert_eq!(kind_of(&|url| url.set_query(Some("sslmode=require"))).await, Kind::Config);
}

#[tokio::test]
async fn an_account_without_the_right_to_read_says_which_grant_it_lacks() {
    let world = World::new().await;
    let role = format!("reader_of_{}", world.telemetry.name);
    world.telemetry_sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'p'")).await;
    let mut url = world.telemetry.url.expose_secret().clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("p")).unwrap();
    let mut telemetry = world.telemetry_config();
    telemetry.url = Some(SecretUrl::parse(url.as_str()).unwrap());
    let context = world.context_with(&world.crm_config(), &telemetry, &world.warehouse_config());
    let spec = || RunSpec { run: None, ask: RunRequest::Range(days()) };
    let error = run(&context, spec(), &Quiet).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.hint_text().unwrap().contains("GRANT"), "{}", error.report());
    // SELECT is enough: the account writes nothing and sees no other account's activity.
    world
        .telemetry_sql(&format!(
            "GRANT USAGE ON SCHEMA telemetry TO {role}; GRANT SELECT ON telemetry.raw_telemetry TO {role}"
        ))
        .await;
    run(&context, spec(), &Quiet).await.unwrap();
}
