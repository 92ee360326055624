//! Migrates the schema of the warehouse to the version of this program.

mod book;
mod copies;
mod files;
mod hosts;
mod retention;
mod template;

use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;

use self::files::{MIGRATIONS, Migration};
use self::template::Target;
use crate::Warehouse;
use crate::load::ON_SHARDS;
use crate::warehouse::named;

/// Returns the schema version that this program needs.
pub fn program_version() -> u32 {
    files::newest(MIGRATIONS)
}

/// The changes that [`Warehouse::migrate`] made, or would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationReport {
    /// The database.
    pub database: String,
    /// The schema version found; 0 for an empty database.
    pub from_version: u32,
    /// The schema version now, or, for a dry run, after a real one.
    pub to_version: u32,
    /// The migrations that were applied, or would be, in order, such as `0003_users`.
    pub applied: Vec<String>,
    /// The change of the retention of the mart and its history, if any:
    /// `MODIFY TTL date + toIntervalDay(365)`.
    pub retention: Option<String>,
    /// True for a dry run, in which nothing was changed.
    pub dry_run: bool,
}

impl Warehouse {
    /// Applies the migrations that the database lacks, in order, and records each with its checksum.
    ///
    /// Every statement is idempotent, so the next call finishes a killed one, and concurrent calls do no
    /// harm. Success guarantees that the schema is that of this program. Call before the first load, and
    /// after an upgrade before anything else.
    ///
    /// # Errors
    /// `Data` when a newer program migrated this database, when the text of an applied migration has changed
    /// since, or when a table of that name already existed with other columns.
    pub async fn migrate(&self, dry_run: bool) -> Result<MigrationReport> {
        if self.is_told_each {
            self.check_hosts().await?;
        }
        let mut others = Vec::new();
        for other in &self.others {
            let migrated = self.at(other).migrate_server(dry_run).await;
            others.push(migrated.map_err(|error| named(other, error))?);
        }
        let mut report = self.migrate_server(dry_run).await?;
        for other in others {
            report.from_version = report.from_version.min(other.from_version);
            report.applied.extend(other.applied);
            report.retention = report.retention.or(other.retention);
        }
        report.applied.sort();
        report.applied.dedup();
        if !dry_run {
            self.copy_to_others().await?;
            self.begin_history().await?;
        }
        Ok(report)
    }

    /// Migrates one server; with `ON CLUSTER`, all servers.
    async fn migrate_server(&self, dry_run: bool) -> Result<MigrationReport> {
        let noted = self.noted_migrations().await?;
        let target = self.target();
        let missing = missing(MIGRATIONS, &noted, &target.noted_cluster())?;
        let mut applied = Vec::new();
        if !dry_run {
            self.create_book(&target).await?;
        }
        for migration in missing {
            let statements = migration.statements(&target)?;
            if !statements.is_empty() {
                applied.push(migration.name.to_owned());
            }
            if !dry_run {
                self.apply(migration, &statements).await?;
            }
        }
        let retention = self.set_retention(&target, dry_run).await?;
        if !dry_run {
            self.check_schema().await?;
        }
        if self.is_told_each && !noted.is_empty() {
            self.check_strayed().await?;
        }
        Ok(MigrationReport {
            database: self.database.clone(),
            from_version: noted.iter().map(|noted| noted.number).max().unwrap_or(0),
            to_version: program_version(),
            applied,
            retention,
            dry_run,
        })
    }

    /// Returns every statement of the schema for this configuration, to read or to run with another tool.
    pub fn migration_statements(&self) -> Result<Vec<String>> {
        let target = self.target();
        let statements: Result<Vec<_>> =
            MIGRATIONS.iter().map(|migration| migration.statements(&target)).collect();
        Ok(statements?.concat())
    }

    /// Returns every statement of a load on the shards' local tables for this configuration, for information.
    pub fn load_statements(&self) -> Result<Vec<String>> {
        let target = self.target();
        ON_SHARDS.into_iter().filter_map(|template| target.fill(template).transpose()).collect()
    }

    /// Runs a statement on the shards' local tables, filled in like a migration; does nothing if this target
    /// does not need the statement.
    pub(crate) async fn on_shards(&self, doing: &'static str, template: &str) -> Result<()> {
        match self.target().fill(template)? {
            Some(statement) => self.change_everywhere(doing, &statement).await,
            None => Ok(()),
        }
    }

    /// Applies the statements of a migration that this target needs, then records it.
    async fn apply(&self, migration: &Migration, statements: &[String]) -> Result<()> {
        for statement in statements {
            let statement = self.change(statement).execute();
            let outcome = self.run("applying a migration", statement).await;
            outcome.map_err(|error| error_in(migration, error))?;
            tracing::debug!(migration = migration.name, "applied");
        }
        self.note_migration(migration).await
    }

    fn target(&self) -> Target<'_> {
        Target {
            database: &self.database,
            cluster: self.cluster.as_deref(),
            is_told_each: self.is_told_each,
            retention_days: self.retention_days,
        }
    }
}

/// Returns the migrations missing from the book, if this program can continue from the ones that it records.
fn missing<'a>(
    migrations: &'a [Migration],
    noted: &[book::Noted],
    cluster: &str,
) -> Result<Vec<&'a Migration>> {
    for entry in noted {
        let Some(migration) = migrations.iter().find(|migration| migration.number == entry.number) else {
            return Err(Error::new(Kind::Data, "the warehouse was migrated by a newer program")
                .detail(format!("it has {}; this program ends at {}", entry.name, files::newest(migrations)))
                .hint(format!("use version {} of bionicpro or a newer one", entry.program)));
        };
        if migration.checksum() != entry.checksum {
            return Err(Error::new(Kind::Data, "a migration was edited after it was applied")
                .detail(format!("{}, applied as {} by version {}", migration.name, entry.name, entry.program))
                .hint("put the file back as it was and write the change as a new migration"));
        }
        if entry.cluster != cluster {
            return Err(Error::new(Kind::Config, "the warehouse was migrated for another cluster")
                .detail(format!("{:?}; warehouse.cluster is {cluster:?}", entry.cluster))
                .hint(
                    "put warehouse.cluster and warehouse.ddl back, or migrate into another warehouse.database and \
                     backfill it",
                ));
        }
    }
    Ok(migrations
        .iter()
        .filter(|migration| noted.iter().all(|entry| entry.number != migration.number))
        .collect())
}

/// Adds the name of the migration to the error, keeping its kind and hint.
fn error_in(migration: &Migration, error: Error) -> Error {
    let hint = error.hint_text().map(str::to_owned);
    let named = Error::new(error.kind(), "a migration failed").detail(migration.name).source(error);
    match hint {
        Some(hint) => named.hint(hint),
        None => named,
    }
}
