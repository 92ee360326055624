//! Selects the form: the best one that the source allows, or the configured one.

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, TimeDelta, Utc};

use super::columns::Candidate;
use super::identity::Tree;
use super::{Changes, Form, Holder};
use crate::config::ChangesConfig;
use crate::ident::{quote_identifier, quote_table};
use crate::snapshot::{Held, Others};

/// A transaction that is open for longer than the interval of incremental runs has probably been forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// The way to look for new rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finder {
    /// In this quoted column.
    TransactionColumn(String),
    /// In this quoted column, whose values may precede the beginning of their transaction by the tolerance.
    CreationTime {
        column: String,
        with_zone: bool,
        tolerance: TimeDelta,
    },
    RowXmin,
    None,
}

impl Finder {
    pub(crate) fn form(&self) -> Form {
        match self {
            Finder::TransactionColumn(_) => Form::TransactionColumn,
            Finder::CreationTime { .. } => Form::CreationTime,
            Finder::RowXmin => Form::RowXmin,
            Finder::None => Form::None,
        }
    }
}

/// The properties of the table and the account that a form depends on.
pub(crate) struct Ground<'a> {
    pub(crate) candidates: &'a [Candidate],
    pub(crate) tree: &'a Tree,
    pub(crate) is_standby: bool,
    pub(crate) sees_all_transactions: bool,
    pub(crate) some_hide: bool,
}

/// Chooses the form.
///
/// # Errors
/// `Config` when the source does not allow the configured form; it says what is missing.
pub(crate) fn detect(
    ground: &Ground<'_>,
    held: &Held,
    (schema, table): (&str, &str),
    asked: ChangesConfig,
) -> Result<(Finder, Changes)> {
    let tries = [ground.transaction_column(), ground.creation_time(), ground.row_xmin()];
    let index = match asked {
        ChangesConfig::Auto => tries.iter().position(Result::is_ok),
        ChangesConfig::TransactionColumn => Some(0),
        ChangesConfig::CreationTime => Some(1),
        ChangesConfig::RowXmin => Some(2),
        ChangesConfig::None => None,
    };
    let ddl = ground.ddl(schema, table);
    let lacks: Vec<&str> = tries
        .iter()
        .take(index.unwrap_or(tries.len()))
        .filter_map(|tried| tried.as_ref().err().copied())
        .collect();
    let finder = match index.and_then(|index| tries.get(index)) {
        Some(Ok(finder)) => finder.clone(),
        Some(Err(lack)) => {
            return Err(Error::new(Kind::Config, "new rows cannot be found in the configured way")
                .detail(format!("telemetry.changes: {schema}.{table}: {lack}"))
                .hint(match ddl.is_empty() {
                    false => format!(
                        "leave telemetry.changes at auto, or have the owner of the table run: {}",
                        ddl.join("; ")
                    ),
                    true => "leave telemetry.changes at auto".to_owned(),
                }));
        }
        None => Finder::None,
    };
    let is_exact = match &finder {
        Finder::TransactionColumn(name) => ground.is_enforced(name),
        Finder::RowXmin => true,
        Finder::CreationTime { .. } | Finder::None => false,
    };
    let is_best = is_exact && finder.form() == Form::TransactionColumn;
    let changes = Changes {
        form: finder.form(),
        is_exact,
        reason: reason(&finder, is_exact, asked, &lacks),
        ddl: if is_best { Vec::new() } else { ddl },
        held_back_by: holder(held.snapshot.taken_at, &held.others),
    };
    Ok((finder, changes))
}

fn reason(finder: &Finder, is_exact: bool, asked: ChangesConfig, lacks: &[&str]) -> String {
    let by = match finder {
        Finder::TransactionColumn(column) => format!("the column {column}"),
        Finder::CreationTime { column, tolerance, .. } if *tolerance > TimeDelta::hours(1) => format!(
            "the column {column}; its default depends on the writer's time zone, so {} hours are read again: \
             make it (now() AT TIME ZONE 'UTC')",
            tolerance.num_hours()
        ),
        Finder::CreationTime { column, .. } => format!("the column {column}"),
        Finder::RowXmin => "the system column xmin, which reads the whole table".to_owned(),
        Finder::None => "nothing: every run is a full run".to_owned(),
    };
    let by = match finder {
        Finder::TransactionColumn(_) | Finder::CreationTime { .. } if !is_exact => format!(
            "{by}, which only its default maintains: a row with another value is found by comparing the whole retention"
        ),
        _ => by,
    };
    match asked {
        ChangesConfig::Auto if !lacks.is_empty() => format!("{by}; {}", lacks.join("; ")),
        ChangesConfig::Auto => by,
        _ => format!("{by}, as configured"),
    }
}

fn holder(now: DateTime<Utc>, others: &Others) -> Option<Holder> {
    let open = others.oldest.as_ref().map(|open| (open.began, open.pid, open.application.clone()));
    let prepared = others.prepared_at.map(|at| (at, 0, "a prepared transaction".to_owned()));
    let (began, pid, application) = open.into_iter().chain(prepared).min_by_key(|(began, ..)| *began)?;
    let age = now - began;
    (age >= FORGOTTEN_AFTER).then(|| Holder { pid, application, age_s: age.num_seconds().unsigned_abs() })
}

type Tried = Result<Finder, &'static str>;

impl Ground<'_> {
    /// Checks what every form needs: an ordinary table without foreign parts.
    fn is_ordinary(&self) -> Result<(), &'static str> {
        match (self.tree.kind.as_str(), self.tree.has_foreign_part) {
            ("r" | "p", false) => Ok(()),
            ("r" | "p", true) => Err("a part of the table is on another server"),
            ("v" | "m", _) => {
                Err("it is a view, whose rows may come and go without a trace: name the table itself")
            }
            _ => Err("it is not a table: name the table itself to find new rows"),
        }
    }

    /// Returns whether a trigger maintains the column of this quoted name.
    fn is_enforced(&self, name: &str) -> bool {
        self.candidates.iter().any(|column| column.is_enforced && quote_identifier(&column.name) == name)
    }

    /// Checks what the forms need that read the transaction in a row's header.
    fn reads_xmin(&self) -> Result<(), &'static str> {
        match self.tree.may_read_xmin {
            true => Ok(()),
            false => Err(
                "the account may not read the system column xmin (GRANT SELECT on the table, not on columns)",
            ),
        }
    }

    fn transaction_column(&self) -> Tried {
        self.is_ordinary()?;
        let mut columns = self.candidates.iter().filter(|candidate| candidate.is_transaction()).peekable();
        if columns.peek().is_none() {
            return Err("no column of type xid8 has the default pg_current_xact_id()");
        }
        match columns.find(|column| column.is_indexed) {
            Some(_) if self.tree.has_children => Err("tables that inherit from this one may lack the index"),
            Some(column) => Ok(Finder::TransactionColumn(quote_identifier(&column.name))),
            None => Err("no index begins with the xid8 column"),
        }
    }

    fn creation_time(&self) -> Tried {
        self.is_ordinary()?;
        let column = self.candidates.iter().find_map(|column| Some((column, column.creation_tolerance()?)));
        let Some((column, tolerance)) = column else {
            return Err("no column created_at has the current time as its default");
        };
        self.reads_xmin()?;
        if !column.is_indexed || self.tree.has_children {
            return Err("no index begins with created_at");
        }
        if self.is_standby {
            return Err("a standby does not show which transactions are open on its primary");
        }
        if !self.sees_all_transactions {
            return Err("the account does not see when other transactions began (pg_read_all_stats)");
        }
        if self.some_hide {
            return Err("some sessions hide when their transactions began (track_activities is off)");
        }
        Ok(Finder::CreationTime {
            column: quote_identifier(&column.name),
            with_zone: column.type_name == "timestamptz",
            tolerance,
        })
    }

    fn row_xmin(&self) -> Tried {
        self.is_ordinary()?;
        self.reads_xmin().map(|()| Finder::RowXmin)
    }

    /// The statements that would enable the best form: the column if it is missing, the index, and the
    /// trigger that maintains the column whatever value a writer, a restored dump or replication brings.
    fn ddl(&self, schema: &str, table: &str) -> Vec<String> {
        if self.is_ordinary().is_err() {
            return Vec::new();
        }
        let of = quote_table(schema, table);
        let column = self.candidates.iter().find(|candidate| candidate.is_transaction());
        let name = column.map_or("inserted_by", |column| &column.name);
        let quoted = quote_identifier(name);
        let mut ddl = Vec::new();
        if column.is_none() {
            // The default is a stable expression, so the server stores it once and rewrites no row.
            ddl.push(format!(
                "ALTER TABLE {of} ADD COLUMN {quoted} xid8 NOT NULL DEFAULT pg_current_xact_id()"
            ));
        }
        if !column.is_some_and(|column| column.is_indexed) {
            // A partitioned table's index cannot be built concurrently with its writers.
            let concurrently = if self.tree.kind == "p" { "" } else { " CONCURRENTLY" };
            ddl.push(format!("CREATE INDEX{concurrently} ON {of} ({quoted})"));
        }
        if !column.is_some_and(|column| column.is_enforced) {
            let function = quote_table(schema, &format!("keep_{name}"));
            // Triggers fire in the order of their names: this one fires last.
            let trigger = quote_identifier(&format!("zz_keep_{name}"));
            ddl.push(format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql \
                 AS 'BEGIN NEW.{quoted} := pg_current_xact_id(); RETURN NEW; END'"
            ));
            ddl.push(format!(
                "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {of} FOR EACH ROW EXECUTE FUNCTION {function}()"
            ));
            ddl.push(format!("ALTER TABLE {of} ENABLE ALWAYS TRIGGER {trigger}"));
        }
        ddl
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::OpenTransaction;

    #[test]
    fn the_oldest_transaction_holds_back_from_fifteen_minutes_on() {
        let now = DateTime::from_timestamp(1_705_320_000, 0).unwrap();
        let told = |open_s: Option<i64>, prepared_s: Option<i64>| {
            let oldest = open_s.map(|age_s| OpenTransaction {
                began: now - TimeDelta::seconds(age_s),
                pid: 17,
                application: "psql".to_owned(),
            });
            let prepared_at = prepared_s.map(|age_s| now - TimeDelta::seconds(age_s));
            let others = Others { oldest, some_hide: false, prepared_at, data_until: now };
            holder(now, &others).map(|holder| (holder.pid, holder.age_s))
        };
        assert_eq!(told(None, None), None);
        assert_eq!(told(Some(899), None), None);
        assert_eq!(told(Some(900), Some(60)), Some((17, 900)));
        assert_eq!(told(Some(901), Some(1000)), Some((0, 1000)));
        assert_eq!(told(None, Some(899)), None);
    }
}
