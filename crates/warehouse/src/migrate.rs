//! Brings the schema of the warehouse to the version of this program.

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

/// The schema version that this program needs.
pub fn program_version() -> u32 {
    files::newest(MIGRATIONS)
}

/// What [`Warehouse::migrate`] did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationReport {
    /// The database.
    pub database: String,
    /// The schema version found; 0 for an empty database.
    pub from_version: u32,
    /// The schema version now, or after a real run.
    pub to_version: u32,
    /// The migrations that were applied, or would be, in order: `0003_users`.
    pub applied: Vec<String>,
    /// The retention of the mart and its history where it was changed, or would be: `TTL date + toIntervalDay(365)`.
    pub retention: Option<String>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

impl Warehouse {
    /// Applies the migrations that the database lacks, in order, each noted with its checksum.
    ///
    /// Every statement is idempotent, so a killed call is finished by the next one and two calls at once do no
    /// harm. Success promises that the schema is that of this program. Call before the first load, and after an
    /// upgrade, before anything else.
    ///
    /// # Errors
    /// `Data` when a newer program migrated this database, when a migration that it applied had another text, or
    /// when a table of that name was there before with other columns.
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

    /// One server's part of it; with `ON CLUSTER` that of all.
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

    /// Every statement of the schema for this configuration, for a reader or for another tool to run.
    pub fn migration_statements(&self) -> Result<Vec<String>> {
        let target = self.target();
        let statements: Result<Vec<_>> =
            MIGRATIONS.iter().map(|migration| migration.statements(&target)).collect();
        Ok(statements?.concat())
    }

    /// Every statement of a load on the shards' own tables for this configuration, for a reader.
    pub fn load_statements(&self) -> Result<Vec<String>> {
        let target = self.target();
        ON_SHARDS.into_iter().filter_map(|template| target.fill(template).transpose()).collect()
    }

    /// Runs a statement on the shards' own tables, filled in as a migration is; nothing where a single server needs none.
    pub(crate) async fn on_shards(&self, doing: &'static str, template: &str) -> Result<()> {
        match self.target().fill(template)? {
            Some(statement) => self.change_everywhere(doing, &statement).await,
            None => Ok(()),
        }
    }

    /// Applies what this target needs of a migration, then notes it.
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

/// The migrations that the book lacks, if the book is one that this program may go on with.
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

/// Says which migration failed, keeping what the error means.
fn error_in(migration: &Migration, error: Error) -> Error {
    let hint = error.hint_text().map(str::to_owned);
    let named = Error::new(error.kind(), "a migration failed").detail(migration.name).source(error);
    match hint {
        Some(hint) => named.hint(hint),
        None => named,
    }
}
