//! Source databases under foreign administration: what their owners do to tables, and which values they
//! store. A run loads what the source holds, or refuses and leaves the mart unchanged.

use std::time::Duration;

use bionicpro_model::{Condition, HourRange, Kind, SecretUrl};
use bionicpro_pipeline::compare::{Comparison, compare, outstanding};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{PipelineContext, RunKind, RunRequest, RunSpec, run};
use bionicpro_sources::{CrmConfig, TelemetryConfig};
use bionicpro_warehouse::ledger::State;
use chrono::{TimeDelta, Utc};

use crate::world::{World, id};

impl World {
    fn with_telemetry(&self, change: impl FnOnce(&mut TelemetryConfig)) -> PipelineContext {
        let mut telemetry = self.telemetry_config();
        change(&mut telemetry);
        self.context_with(&self.crm_config(), &telemetry, &self.warehouse_config())
    }

    /// Returns a context with a separate account that holds these grants, whose password is `p`.
    async fn as_reader(&self, grants: &str) -> PipelineContext {
        let role = format!("reader_of_{}", self.telemetry.name);
        self.telemetry_sql(&format!(
            "DO $$BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} LOGIN PASSWORD 'p'; END IF; END$$;
             GRANT USAGE ON SCHEMA telemetry TO {role}; {}",
            grants.replace("{role}", &role)
        ))
        .await;
        self.with_telemetry(|telemetry| telemetry.url = Some(self.as_reader_url()))
    }

    fn as_reader_url(&self) -> SecretUrl {
        as_user(&self.telemetry.url, &format!("reader_of_{}", self.telemetry.name))
    }

    async fn days_due(&self) -> u64 {
        outstanding(&self.context()).await.unwrap().map_or(0, |outstanding| outstanding.due)
    }

    async fn compared(&self) -> Comparison {
        let all = Duration::MAX;
        compare(&self.context(), &id("compare"), all, &Quiet)
            .await
            .unwrap_or_else(|error| panic!("{}", error.report()))
    }
}

/// Returns the URL of the same database for another account, whose password is `p`.
fn as_user(url: &SecretUrl, user: &str) -> SecretUrl {
    let mut url = url.expose_secret().clone();
    url.set_username(user).unwrap();
    url.set_password(Some("p")).unwrap();
    SecretUrl::parse(url.as_str()).unwrap()
}

async fn ask(
    context: &PipelineContext,
    ask: RunRequest,
) -> bionicpro_model::Result<bionicpro_pipeline::RunReport> {
    run(context, RunSpec { run: None, ask }, &Quiet).await
}

/// Returns the hour some days ago, in the form of the tables and of the mart.
pub(crate) fn hour(days: i64) -> String {
    (Utc::now() - TimeDelta::days(days)).format("%Y-%m-%d %H:00:00").to_string()
}

pub(crate) fn row(chip: &str, at: &str) -> String {
    format!("('{chip}', '{at}', 1, 1, NULL)")
}

pub(crate) fn told(user: &str, chip: &str, at: &str, movements: u32) -> String {
    format!("{user} {chip} {} {movements}", &at[..13])
}

#[tokio::test]
async fn an_error_is_a_number_above_0_a_true_boolean_or_a_text_that_is_neither_empty_nor_0() {
    for (of, codes, errors) in [
        ("integer DEFAULT 0", "0, 1, -1, NULL, 7", 2),
        ("bigint", "0, 9000000000, NULL", 1),
        ("smallint", "0, 3", 1),
        ("numeric", "0, 0.5, 'NaN', -2", 1),
        ("real", "0, 0.5, 'NaN', 'Infinity'", 2),
        ("boolean", "true, false, NULL", 1),
        ("text", r"'', '0', ' 0 ', '  ', E'\t0\n', NULL, 'E1', '00', 'E03_TEMPERATURE'", 3),
        ("char(4)", "'0', '', 'E1'", 1),
        ("jsonb", "'0', '7', NULL", 1),
    ] {
        let world = World::new().await;
        let type_name = of.split(' ').next().unwrap();
        world
            .telemetry_sql(&format!(
                "ALTER TABLE telemetry.raw_telemetry DROP COLUMN error_code; ALTER TABLE telemetry.raw_telemetry ADD error_code {of};
                 INSERT INTO telemetry.raw_telemetry (chip_id, event_time, error_code)
                 SELECT 'CHIP-1', '2024-01-15 08:00', code FROM unnest(ARRAY[{codes}]::{type_name}[]) AS code"
            ))
            .await;
        world.run().await.unwrap();
        assert_eq!(world.mart().await[0]["error_count"], errors, "{of}: {codes}");
    }
}

/// The locks are taken before the snapshot: an older snapshot would see the rewritten table as empty.
#[tokio::test]
async fn a_table_that_is_written_anew_while_a_run_waits_for_it_is_read_as_it_is_then() {
    let (recent, old) = (hour(2), hour(40));
    let world = World::with(&format!("{}, {}", row("CHIP-1", &recent), row("CHIP-2", &old))).await;
    let expected = [told("a", "CHIP-1", &recent, 1), told("b", "CHIP-2", &old, 1)];
    assert_eq!(world.told().await, expected);
    for (database, change) in [
        (&world.telemetry, "ALTER TABLE telemetry.raw_telemetry ALTER battery_level TYPE numeric"),
        (
            &world.telemetry,
            "CREATE TEMP TABLE kept AS TABLE telemetry.raw_telemetry; TRUNCATE telemetry.raw_telemetry;
             INSERT INTO telemetry.raw_telemetry SELECT * FROM kept",
        ),
        (
            &world.crm,
            "CREATE TEMP TABLE c AS TABLE crm.customers; CREATE TEMP TABLE p AS TABLE crm.prostheses;
             TRUNCATE crm.customers, crm.prostheses;
             INSERT INTO crm.customers SELECT * FROM c; INSERT INTO crm.prostheses SELECT * FROM p",
        ),
    ] {
        for kind in [RunRequest::Incremental, RunRequest::Full] {
            let client = database.client().await;
            client.batch_execute(&format!("BEGIN; {change}")).await.unwrap();
            let commit = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                client.batch_execute("COMMIT; DISCARD TEMP").await.unwrap();
            };
            let (report, ()) = tokio::join!(world.ask_for(kind), commit);
            report.unwrap_or_else(|error| panic!("{change}: {}", error.report()));
            assert_eq!(world.told().await, expected, "{change}");
        }
    }
    assert_eq!(world.compared().await.mended, [], "nothing of the older days was lost either");
    assert_eq!(world.told().await, expected);
}

#[tokio::test]
async fn a_table_that_was_emptied_is_refused_and_loaded_when_it_is_filled_again() {
    let at = hour(1);
    let world = World::with(&row("CHIP-1", &at)).await;
    world
        .telemetry_sql(
            "CREATE TABLE telemetry.kept AS TABLE telemetry.raw_telemetry; TRUNCATE telemetry.raw_telemetry",
        )
        .await;
    for _ in 0..2 {
        let error = world.ask_for(RunRequest::Incremental).await.unwrap_err();
        assert!(error.kind() == Kind::Data && error.is(Condition::TooMuchVanished), "{}", error.report());
        assert_eq!(world.told().await, [told("a", "CHIP-1", &at, 1)]);
    }
    world.telemetry_sql("INSERT INTO telemetry.raw_telemetry SELECT * FROM telemetry.kept").await;
    world.moves(&row("CHIP-2", &at)).await;
    assert_eq!(world.tick().await.kind, Some(RunKind::Full));
    assert_eq!(world.told().await, [told("a", "CHIP-1", &at, 1), told("b", "CHIP-2", &at, 1)]);
}

#[tokio::test]
async fn a_crm_that_was_emptied_is_refused_table_by_table_and_confirmed_by_its_number() {
    for (change, what) in [
        ("TRUNCATE crm.customers, crm.prostheses", "2 of 2 customers"),
        ("DELETE FROM crm.prostheses", "2 of 2 prostheses"),
        (
            "ALTER TABLE crm.prostheses DROP CONSTRAINT prostheses_model_id_fkey; DELETE FROM crm.prosthesis_models",
            "2 of 2 models",
        ),
    ] {
        let at = hour(1);
        let world = World::with(&row("CHIP-1", &at)).await;
        world.crm_sql(change).await;
        for kind in [RunRequest::Incremental, RunRequest::Full] {
            let error = world.ask_for(kind).await.unwrap_err();
            assert!(error.kind() == Kind::Data && error.is(Condition::TooMuchVanished), "{change}");
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(world.told().await, [told("a", "CHIP-1", &at, 1)]);
        }
        // A confirmation of one row less than vanished is not enough.
        assert!(ask(&world.context().confirming_vanished(1), RunRequest::Incremental).await.is_err());
        ask(&world.context().confirming_vanished(2), RunRequest::Incremental).await.unwrap();
    }
}

#[tokio::test]
async fn owners_that_vanish_all_at_once_are_refused_and_confirmed() {
    let at = hour(1);
    let world = World::new().await;
    world
        .crm_sql(
            "INSERT INTO crm.prostheses (id, customer_id, model_id, chip_id, serial_number)
             SELECT gen_random_uuid(), p.customer_id, p.model_id, 'MORE-' || g, 'MORE-' || g
             FROM crm.prostheses AS p, generate_series(1, 12) AS g WHERE p.chip_id = 'CHIP-1'",
        )
        .await;
    world.moves(&row("CHIP-1", &at)).await;
    world.tick().await;
    world
        .crm_sql("ALTER TABLE crm.prostheses ALTER chip_id DROP NOT NULL; UPDATE crm.prostheses SET chip_id = NULL")
        .await;
    let error = world.ask_for(RunRequest::Incremental).await.unwrap_err();
    assert!(error.is(Condition::TooMuchVanished));
    assert!(error.to_string().contains("14 of 14 owners of prostheses"), "{error}");
    ask(&world.context().confirming_vanished(14), RunRequest::Incremental).await.unwrap();
}

#[tokio::test]
async fn a_customer_who_left_is_no_vanished_telemetry() {
    let world = World::new().await;
    let (last, other) = (hour(1), hour(2));
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time)
             SELECT 'CHIP-1', timestamp '{last}' - g * interval '1 hour' FROM generate_series(0, 99) AS g"
        ))
        .await;
    world.moves(&row("CHIP-2", &other)).await;
    world.ask_for(RunRequest::Full).await.unwrap();
    world
        .crm_sql(
            "DELETE FROM crm.prostheses WHERE chip_id = 'CHIP-1';
             DELETE FROM crm.customers WHERE ldap_username = 'anna'",
        )
        .await;
    world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(world.told().await, [told("b", "CHIP-2", &other, 1)]);
}

#[tokio::test]
async fn a_full_partition_that_is_attached_comes_by_the_next_tick_however_old_it_is() {
    let (recent, old) = (hour(1), hour(40));
    let world = World::new().await;
    world
        .telemetry_sql(&format!(
            "ALTER TABLE telemetry.raw_telemetry RENAME TO former;
             CREATE TABLE telemetry.raw_telemetry (LIKE telemetry.former INCLUDING DEFAULTS) PARTITION BY RANGE (event_time);
             CREATE INDEX ON telemetry.raw_telemetry (inserted_by);
             CREATE TABLE telemetry.now PARTITION OF telemetry.raw_telemetry FOR VALUES FROM ('{}') TO ('2100-01-01');
             INSERT INTO telemetry.former (chip_id, event_time) VALUES ('CHIP-2', '{old}')",
            hour(20)
        ))
        .await;
    world.moves(&row("CHIP-1", &recent)).await;
    world.ask_for(RunRequest::Full).await.unwrap();
    world.telemetry_sql(&format!(
        "ALTER TABLE telemetry.raw_telemetry ATTACH PARTITION telemetry.former FOR VALUES FROM ('2000-01-01') TO ('{}')",
        hour(20)
    )).await;
    let report = world.tick().await;
    assert_eq!(report.kind, Some(RunKind::Incremental));
    assert_eq!(world.told().await, [told("a", "CHIP-1", &recent, 1), told("b", "CHIP-2", &old, 1)]);
    assert_eq!(world.tick().await.state, State::Skipped);

    // Rows that the source no longer keeps do not count as deleted.
    world.telemetry_sql("ALTER TABLE telemetry.raw_telemetry DETACH PARTITION telemetry.former; DROP TABLE telemetry.former CASCADE").await;
    world.ask_for(RunRequest::Full).await.unwrap();
    let compared = world.compared().await;
    assert_eq!(
        (compared.mended.len(), compared.refused.len(), compared.kept_rows),
        (0, 0, 1),
        "{compared:?}"
    );
    assert_eq!(world.told().await.len(), 2);
}

/// Rows that no form of change detection finds, in days before the lookback.
#[tokio::test]
async fn what_escapes_a_form_is_found_by_comparing_the_whole_retention() {
    let (recent, old, older) = (hour(1), hour(40), hour(75));
    for (prepare, escape) in [
        // A transaction column that only its default maintains.
        ("", "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, inserted_by) VALUES ('CHIP-2', '{old}', '3')"),
        // Creation times that the application writes.
        (
            "ALTER TABLE telemetry.raw_telemetry DROP COLUMN inserted_by; CREATE INDEX ON telemetry.raw_telemetry (created_at)",
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, created_at) VALUES ('CHIP-2', '{old}', '2020-01-01')",
        ),
        (
            "ALTER TABLE telemetry.raw_telemetry DROP COLUMN inserted_by; CREATE INDEX ON telemetry.raw_telemetry (created_at);
             ALTER TABLE telemetry.raw_telemetry ALTER created_at DROP NOT NULL",
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, created_at) VALUES ('CHIP-2', '{old}', NULL)",
        ),
        // A view allows no change detection.
        (
            "ALTER TABLE telemetry.raw_telemetry RENAME TO stored;
             CREATE VIEW telemetry.raw_telemetry AS SELECT * FROM telemetry.stored",
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-2', '{old}')",
        ),
        // Only the form by xmin detects updates.
        (
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time) VALUES ('CHIP-1', '{old}')",
            "UPDATE telemetry.raw_telemetry SET chip_id = 'CHIP-2' WHERE event_time = '{old}'",
        ),
    ] {
        let world = World::new().await;
        world.telemetry_sql(&prepare.replace("{old}", &old)).await;
        world.moves(&format!("{}, {}", row("CHIP-1", &recent), row("CHIP-1", &older))).await;
        world.ask_for(RunRequest::Full).await.unwrap();
        world.compared().await;
        world.telemetry_sql(&escape.replace("{old}", &old)).await;
        let _ = world.ask_for(RunRequest::Incremental).await.unwrap();
        assert_eq!(world.days_due().await, 0, "each day once a day");
        // A day later.
        world.ask("ALTER TABLE compared_days UPDATE is_mended = 1 WHERE 1").await;
        world.ask("TRUNCATE TABLE compared_days").await;
        world.ask("TRUNCATE TABLE loaded_ranges").await;
        let compared = world.compared().await;
        let expected = [
            told("a", "CHIP-1", &older, 1),
            told("a", "CHIP-1", &recent, 1),
            told("b", "CHIP-2", &old, 1),
        ];
        assert_eq!(world.told().await, expected, "{escape}: {compared:?}");
        assert!(!compared.mended.is_empty() && compared.days >= 60, "{escape}: {compared:?}");
        assert_eq!(world.days_due().await, 0);
    }
}

#[tokio::test]
async fn a_table_with_a_kept_column_is_compared_once_and_not_every_day() {
    let world = World::new().await;
    world
        .telemetry_sql(
            "CREATE FUNCTION telemetry.keep() RETURNS trigger LANGUAGE plpgsql
                 AS 'BEGIN NEW.inserted_by := pg_current_xact_id(); RETURN NEW; END';
             CREATE TRIGGER zz_keep BEFORE INSERT OR UPDATE ON telemetry.raw_telemetry
                 FOR EACH ROW EXECUTE FUNCTION telemetry.keep();
             ALTER TABLE telemetry.raw_telemetry ENABLE ALWAYS TRIGGER zz_keep",
        )
        .await;
    let (recent, old) = (hour(1), hour(30));
    world.moves(&format!("{}, {}", row("CHIP-1", &recent), row("CHIP-2", &old))).await;
    world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(world.told().await.len(), 1, "a first run reaches the last days");
    assert!(world.days_due().await > 20);
    world.compared().await;
    assert_eq!(world.told().await.len(), 2);
    world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(world.days_due().await, 0);
    // After the baseline is lost they are due again.
    world.telemetry_sql("VACUUM FULL telemetry.raw_telemetry").await;
    assert_eq!(world.tick().await.kind, Some(RunKind::Full));
    assert!(world.days_due().await > 20);
}

#[tokio::test]
async fn a_comparison_in_which_too_much_would_vanish_is_told_and_the_others_go_on() {
    let world = World::new().await;
    let (recent, middle, oldest) = (hour(1), hour(30), hour(60));
    world
        .telemetry_sql(&format!(
            "INSERT INTO telemetry.raw_telemetry (chip_id, event_time)
             SELECT 'CHIP-1', timestamp '{middle}' - g * interval '1 hour' FROM generate_series(0, 99) AS g"
        ))
        .await;
    world.moves(&format!("{}, {}", row("CHIP-1", &recent), row("CHIP-2", &oldest))).await;
    world.ask_for(RunRequest::Full).await.unwrap();
    world.compared().await;
    let before = world.told().await;
    assert_eq!(before.len(), 102);
    world
        .telemetry_sql(&format!(
            "DELETE FROM telemetry.raw_telemetry WHERE chip_id = 'CHIP-1' AND event_time < '{recent}'"
        ))
        .await;
    for table in ["compared_days", "loaded_ranges"] {
        world.ask(&format!("TRUNCATE TABLE {table}")).await;
    }
    let compared = world.compared().await;
    assert!(!compared.refused.is_empty() && compared.days_left == 0, "{compared:?}");
    assert_eq!(world.told().await, before);
    let unmended = outstanding(&world.context()).await.unwrap().unwrap().unmended;
    assert!(!unmended.is_empty());
    // They stay due, with the same result, until the vanished rows are confirmed.
    assert_eq!(world.compared().await.refused.len(), compared.refused.len());
    let context = world.context().confirming_vanished(100);
    let confirmed = compare(&context, &id("confirmed"), Duration::ZERO, &Quiet).await.unwrap();
    assert_eq!((confirmed.refused.len(), confirmed.failed.is_none()), (0, true));
    assert_eq!(world.told().await.len(), 2);
    assert_eq!(outstanding(&world.context()).await.unwrap().unwrap().unmended, []);
}

#[tokio::test]
async fn what_is_older_than_the_source_keeps_stays_in_the_mart() {
    let (recent, old) = (hour(1), hour(5));
    let world = World::with(&format!("{}, {}", row("CHIP-1", &recent), row("CHIP-2", &old))).await;
    world.telemetry_sql("DELETE FROM telemetry.raw_telemetry WHERE chip_id = 'CHIP-2'").await;
    let keeps = world.with_telemetry(|telemetry| telemetry.keeps = Some(3));
    ask(&keeps, RunRequest::Full).await.unwrap();
    assert_eq!(world.told().await, [told("a", "CHIP-1", &recent, 1), told("b", "CHIP-2", &old, 1)]);
    // A late row of an hour whose other rows are deleted would reduce the cell to itself.
    world.moves(&row("CHIP-2", &old)).await;
    ask(&keeps, RunRequest::Incremental).await.unwrap();
    assert_eq!(world.told().await.len(), 2);
    let from = (Utc::now() - TimeDelta::days(6)).date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc();
    let range = HourRange::new(from, from + TimeDelta::days(5)).unwrap();
    ask(&keeps, RunRequest::Range(range)).await.unwrap();
    assert_eq!(world.told().await.len(), 2);
}

#[tokio::test]
async fn policies_that_hide_rows_are_refused_unless_they_are_meant() {
    let at = hour(1);
    let world = World::new().await;
    world.moves(&format!("{}, {}", row("CHIP-1", &at), row("CHIP-2", &at))).await;
    let context = world.as_reader("GRANT SELECT ON telemetry.raw_telemetry TO {role}").await;
    ask(&context, RunRequest::Full).await.unwrap();
    let before = world.told().await;
    world
        .telemetry_sql(
            "ALTER TABLE telemetry.raw_telemetry ENABLE ROW LEVEL SECURITY;
             CREATE POLICY tenants ON telemetry.raw_telemetry USING (chip_id <> 'CHIP-1')",
        )
        .await;
    for kind in [RunRequest::Incremental, RunRequest::Full] {
        let error = ask(&context, kind).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("by the policies tenants"), "{}", error.report());
        assert!(
            error.hint_text().unwrap().contains(r#"telemetry.policies = ["tenants"]"#),
            "{}",
            error.report()
        );
        assert_eq!(world.told().await, before);
    }
    let meant = world.with_telemetry(|telemetry| {
        telemetry.url = Some(world.as_reader_url());
        telemetry.policies = vec!["tenants".to_owned()];
    });
    let report = ask(&meant, RunRequest::Incremental).await.unwrap();
    assert_eq!(report.kind, Some(RunKind::Full), "other policies than before");
    assert_eq!(world.told().await, [told("b", "CHIP-2", &at, 1)]);
    // A policy of another role does not apply: without its own policy the account sees no rows.
    let other = format!("other_of_{}", world.telemetry.name);
    world
        .telemetry_sql(&format!(
            "CREATE ROLE {other}; ALTER POLICY tenants ON telemetry.raw_telemetry TO {other}"
        ))
        .await;
    let error = ask(&meant, RunRequest::Full).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("no policy for this account"), "{error}");
    world.telemetry_sql("ALTER POLICY tenants ON telemetry.raw_telemetry TO PUBLIC").await;
    // A view is filtered by the policies for its owner, which the table does not reveal: here the server
    // itself refuses.
    let owner = format!("owner_of_{}", world.telemetry.name);
    world
        .telemetry_sql(&format!(
            "CREATE ROLE {owner}; GRANT USAGE, CREATE ON SCHEMA telemetry TO {owner};
             GRANT SELECT ON telemetry.raw_telemetry TO {owner};
             CREATE VIEW telemetry.filtered AS SELECT * FROM telemetry.raw_telemetry; ALTER VIEW telemetry.filtered OWNER TO {owner};
             GRANT SELECT ON telemetry.filtered TO PUBLIC"
        ))
        .await;
    let view = world.with_telemetry(|telemetry| telemetry.table = "filtered".to_owned());
    let error = ask(&view, RunRequest::Full).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::Config, "row-level security hides rows from the account")
    );
    // If the policies were confirmed, the server would filter silently.
    let view = world.with_telemetry(|telemetry| {
        telemetry.table = "filtered".to_owned();
        telemetry.policies = vec!["tenants".to_owned()];
    });
    let error = ask(&view, RunRequest::Full).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Config, "policies can only be confirmed for tables"));
}

#[tokio::test]
async fn policies_on_the_crm_are_refused_too() {
    let world = World::with(&row("CHIP-1", &hour(1))).await;
    let role = format!("crm_reader_of_{}", world.crm.name);
    world
        .crm_sql(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA crm TO {role};
             GRANT SELECT ON ALL TABLES IN SCHEMA crm TO {role};
             ALTER TABLE crm.customers ENABLE ROW LEVEL SECURITY"
        ))
        .await;
    let crm = CrmConfig { url: Some(as_user(&world.crm.url, &role)), ..CrmConfig::default() };
    let context = world.context_with(&crm, &world.telemetry_config(), &world.warehouse_config());
    let error = ask(&context, RunRequest::Incremental).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("crm.customers"), "{error}");
}

#[tokio::test]
async fn grants_on_columns_are_enough() {
    let at = hour(1);
    let world = World::new().await;
    let columns = "chip_id, event_time, response_time_ms, battery_level, error_code, inserted_by";
    let context =
        world.as_reader(&format!("GRANT SELECT ({columns}) ON telemetry.raw_telemetry TO {{role}}")).await;
    ask(&context, RunRequest::Full).await.unwrap();
    world.moves(&row("CHIP-1", &at)).await;
    let report = ask(&context, RunRequest::Incremental).await.unwrap();
    assert_eq!(
        (report.kind, report.steps[1].form.as_deref()),
        (Some(RunKind::Incremental), Some("transaction_column"))
    );
    assert_eq!(world.told().await, [told("a", "CHIP-1", &at, 1)]);
    // Without the grant on the form's column there is no change detection; a missing column that is needed is
    // named.
    let role = format!("reader_of_{}", world.telemetry.name);
    world.telemetry_sql(&format!("REVOKE SELECT (inserted_by) ON telemetry.raw_telemetry FROM {role}")).await;
    world.moves(&row("CHIP-2", &at)).await;
    let report = ask(&context, RunRequest::Incremental).await.unwrap();
    assert_eq!(report.kind, Some(RunKind::Full));
    assert_eq!(world.told().await.len(), 2);
    world.telemetry_sql(&format!("REVOKE SELECT (error_code) ON telemetry.raw_telemetry FROM {role}")).await;
    let error = ask(&context, RunRequest::Incremental).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("telemetry.raw_telemetry.error_code"), "{error}");
}

#[tokio::test]
async fn chips_that_a_collation_calls_equal_are_counted_apart() {
    let at = hour(1);
    let world = World::new().await;
    world
        .telemetry_sql(
            "CREATE COLLATION telemetry.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             ALTER TABLE telemetry.raw_telemetry ALTER chip_id TYPE text COLLATE telemetry.any_case",
        )
        .await;
    world.crm_sql("UPDATE crm.prostheses SET chip_id = 'chip-1' WHERE chip_id = 'CHIP-2'").await;
    world.ask_for(RunRequest::Full).await.unwrap();
    let expected = [told("a", "CHIP-1", &at, 2), told("b", "chip-1", &at, 1)];
    world.moves(&[row("CHIP-1", &at), row("chip-1", &at), row("CHIP-1", &at)].join(", ")).await;
    world.tick().await;
    assert_eq!(world.told().await, expected);
    world.ask_for(RunRequest::Full).await.unwrap();
    assert_eq!(world.told().await, expected);
    // First a row of the other chip only, then one after the index by chip is dropped.
    world.moves(&row("chip-1", &at)).await;
    world.tick().await;
    assert_eq!(world.told().await, [told("a", "CHIP-1", &at, 2), told("b", "chip-1", &at, 2)]);
    world.telemetry_sql("DROP INDEX telemetry.raw_telemetry_chip_time_idx").await;
    world.moves(&row("CHIP-1", &at)).await;
    world.tick().await;
    assert_eq!(world.told().await, [told("a", "CHIP-1", &at, 3), told("b", "chip-1", &at, 2)]);
}
