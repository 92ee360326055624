//! The shape of a source table: its columns and their types, checked before anything is read.

use bionicpro_model::{Error, Kind, Result};

use crate::connect::Session;
use crate::error::DatabaseLabel;
use crate::ident::quote_table;
use crate::template::fill;

/// A type, as far as the pipeline distinguishes types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Uuid,
    Date,
    Timestamp,
    TimestampTz,
    /// `smallint` and `integer`: their sums are exact in 64 bits.
    Int,
    /// `bigint`: summed as `numeric`.
    BigInt,
    Numeric,
    /// `real` and `double precision`.
    Float,
    Bool,
    Other,
}

impl Type {
    fn of(name: &str) -> Type {
        match name {
            "text" | "varchar" | "bpchar" => Type::Text,
            "uuid" => Type::Uuid,
            "date" => Type::Date,
            "timestamp" => Type::Timestamp,
            "timestamptz" => Type::TimestampTz,
            "int2" | "int4" => Type::Int,
            "int8" => Type::BigInt,
            "numeric" => Type::Numeric,
            "float4" | "float8" => Type::Float,
            "bool" => Type::Bool,
            _ => Type::Other,
        }
    }
}

/// The types that a column may have, with their description for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    Uuid,
    Instant,
    Number,
    Any,
}

impl ColumnType {
    fn accepts(self, found: Type) -> bool {
        match self {
            ColumnType::Text => found == Type::Text,
            ColumnType::Uuid => found == Type::Uuid,
            ColumnType::Instant => matches!(found, Type::Timestamp | Type::TimestampTz),
            ColumnType::Number => matches!(found, Type::Int | Type::BigInt | Type::Numeric | Type::Float),
            ColumnType::Any => true,
        }
    }

    fn words(self) -> &'static str {
        match self {
            ColumnType::Text => "text or varchar",
            ColumnType::Uuid => "uuid",
            ColumnType::Instant => "timestamp or timestamptz",
            ColumnType::Number => "an integer, numeric, real or double precision",
            ColumnType::Any => "any type",
        }
    }
}

/// No collation, the database's own, `C` and `POSIX`: none of them treats differently spelt texts as equal.
const ORDINARY_COLLATIONS: [u32; 4] = [0, 100, 950, 951];

/// The columns of one table.
pub(crate) struct Shape {
    place: DatabaseLabel,
    table: String,
    /// The table, quoted.
    pub(crate) name: String,
    /// The OID that the name resolved to when the snapshot was taken.
    pub(crate) number: u32,
    columns: Vec<Column>,
    /// The kind of relation: `r`, `p`, `v`, `m` or `f`.
    pub(crate) kind: String,
    /// True if rows have a place on disk that the account may read: a table, rather than a view or a foreign
    /// table.
    pub(crate) is_stored: bool,
    /// True if the account may read `xmin`.
    pub(crate) may_read_xmin: bool,
    /// The policies if row security hides rows from the account; `None` otherwise.
    hiding: Option<Hiding>,
}

/// The policies of a table that the account is subject to.
#[derive(Default)]
struct Hiding {
    names: Vec<String>,
    /// All policies for reading, with their conditions.
    text: String,
}

/// A column, as the server's catalogue describes it.
struct Column {
    name: String,
    /// The name of its base type.
    type_name: String,
    is_readable: bool,
    number: i16,
    declared_type: u32,
    collation: u32,
    /// Its collation, if that treats differently spelt texts as equal.
    equating: Option<String>,
}

impl Shape {
    /// Looks the table up in the catalogue.
    ///
    /// # Errors
    /// `Data` when the schema has no such table.
    pub(crate) async fn read(session: &Session, schema: &str, table: &str) -> Result<Shape> {
        let fail = |error| session.place.error(error);
        let rows = session.rows(include_str!("shape.sql"), &[schema, table]).await?;
        let mut shape = Shape {
            place: session.place.clone(),
            table: format!("{schema}.{table}"),
            name: quote_table(schema, table),
            number: 0,
            columns: Vec::with_capacity(rows.len()),
            kind: String::new(),
            is_stored: false,
            may_read_xmin: false,
            hiding: None,
        };
        let mut is_hiding = false;
        for row in &rows {
            shape.columns.push(Column {
                name: row.try_get(0).map_err(fail)?,
                type_name: row.try_get(1).map_err(fail)?,
                is_readable: row.try_get(2).map_err(fail)?,
                number: row.try_get(3).map_err(fail)?,
                declared_type: row.try_get(4).map_err(fail)?,
                collation: row.try_get(5).map_err(fail)?,
                equating: None,
            });
            shape.number = row.try_get(6).map_err(fail)?;
            shape.kind = row.try_get(7).map_err(fail)?;
            let sees_places: Option<bool> = row.try_get(8).map_err(fail)?;
            shape.is_stored = sees_places == Some(true) && matches!(shape.kind.as_str(), "r" | "p" | "m");
            shape.may_read_xmin = row.try_get(9).map_err(fail)?;
            is_hiding = row.try_get(10).map_err(fail)?;
        }
        if shape.columns.is_empty() {
            let section = session.place.section;
            return Err(session
                .place
                .broken("a table that the pipeline needs does not exist", shape.table.clone())
                .hint(format!("check {section}.url, {section}.schema and the table's name")));
        }
        // Both are rare, and would be the most expensive part of the query.
        if is_hiding {
            shape.read_policies(session).await?;
        }
        if shape.columns.iter().any(|column| !ORDINARY_COLLATIONS.contains(&column.collation)) {
            shape.read_collations(session).await?;
        }
        Ok(shape)
    }

    async fn read_policies(&mut self, session: &Session) -> Result<()> {
        let fail = |error| session.place.error(error);
        let sql = fill(include_str!("shape/policies.sql"), &[("table", &self.number.to_string())]);
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        for row in session.rows(&sql, &[]).await? {
            if row.try_get(1).map_err(fail)? {
                names.push(row.try_get(0).map_err(fail)?);
            }
            texts.push(row.try_get::<_, String>(2).map_err(fail)?);
        }
        self.hiding = Some(Hiding { names, text: texts.join(", ") });
        Ok(())
    }

    async fn read_collations(&mut self, session: &Session) -> Result<()> {
        let fail = |error| session.place.error(error);
        let all: Vec<String> = self.columns.iter().map(|column| column.collation.to_string()).collect();
        let all = format!("'{{{}}}'::oid[]", all.join(","));
        for row in
            session.rows(&fill(include_str!("shape/collations.sql"), &[("collations", &all)]), &[]).await?
        {
            let (number, name): (u32, String) =
                (row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?);
            for column in self.columns.iter_mut().filter(|column| column.collation == number) {
                column.equating = Some(name.clone());
            }
        }
        Ok(())
    }

    /// The named columns and all of type `xid8`, with number, type and collation. A column that was dropped
    /// and added again has a different number.
    pub(crate) fn signature(&self, names: &[&str]) -> String {
        let those = self
            .columns
            .iter()
            .filter(|column| names.contains(&column.name.as_str()) || column.type_name == "xid8");
        let each = those.map(|column| {
            format!("{} {} {} {}", column.number, column.name, column.declared_type, column.collation)
        });
        each.collect::<Vec<_>>().join(", ")
    }

    /// The conditions of the policies; empty if row security is not active.
    pub(crate) fn policies_text(&self) -> String {
        self.hiding.as_ref().map(|hiding| hiding.text.clone()).unwrap_or_default()
    }

    /// Checks that the table names still resolve to the same tables as in the snapshot: locks do not prevent
    /// a schema from being renamed, and another table of that name may have been filled after the snapshot,
    /// which sees it as empty.
    ///
    /// # Errors
    /// `Unreachable` with [`Condition::SourceChanged`](bionicpro_model::Condition::SourceChanged) when a name
    /// resolves to another table.
    pub(crate) async fn check_names(session: &Session, shapes: &[Shape]) -> Result<()> {
        let fail = |error| session.place.error(error);
        let names: Vec<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
        // The function resolves names as of now, not as of the snapshot.
        let sql = "SELECT to_regclass(name)::oid FROM unnest($1::text[]) WITH ORDINALITY AS n (name, place) ORDER BY place";
        let rows = session
            .client
            .query_typed(sql, &[(&names, tokio_postgres::types::Type::TEXT_ARRAY)])
            .await
            .map_err(fail)?;
        for (row, shape) in rows.iter().zip(shapes) {
            if row.try_get::<_, Option<u32>>(0).map_err(fail)? != Some(shape.number) {
                return Err(session.place.changed());
            }
        }
        Ok(())
    }

    /// Checks that only confirmed policies hide rows from the account; returns those that do.
    ///
    /// # Errors
    /// `Config`, naming the policies: some of the rows must not be loaded as if they were all.
    pub(crate) fn policies(&self, confirmed: &[String]) -> Result<&[String]> {
        if self.kind == "v" && !confirmed.is_empty() {
            let section = self.place.section;
            return Err(Error::new(Kind::Config, "policies can only be confirmed for tables")
                .detail(format!("{}: {} is a view, and the policies that hide rows below it cannot be determined", self.place.name, self.table))
                .hint(format!(
                    "unset {section}.policies and give the view to a role with BYPASSRLS; filter rows to leave out in the view's WHERE clause"
                )));
        }
        let Some(Hiding { names: hiding, .. }) = &self.hiding else { return Ok(&[]) };
        let unknown: Vec<&str> =
            hiding.iter().filter(|policy| !confirmed.contains(policy)).map(String::as_str).collect();
        if unknown.is_empty() && !hiding.is_empty() {
            return Ok(hiding);
        }
        let (section, table) = (self.place.section, &self.table);
        let (detail, confirm) = match unknown.as_slice() {
            [] => (format!("{table} has row security and no policy for this account"), String::new()),
            names => {
                let names = names.join(", ");
                let confirm = format!(
                    ", or confirm that these policies hide rows on purpose: {section}.policies = [{names:?}]"
                );
                (format!("{table}, by the policies {names}"), confirm)
            }
        };
        Err(Error::new(Kind::Config, "row-level security hides rows from the account")
            .detail(format!("{}: {detail}", self.place.name))
            .hint(format!(
                "have an administrator run ALTER ROLE ... BYPASSRLS for the account of {section}.url{confirm}"
            )))
    }

    /// The type of a required column.
    ///
    /// # Errors
    /// `Data`, naming the column, its expected and its actual type; `Config` when the account may not read
    /// it.
    pub(crate) fn require(&self, column: &str, wanted: ColumnType) -> Result<Type> {
        let Some(found) = self.columns.iter().find(|found| found.name == column) else {
            return Err(self
                .place
                .broken("a column that the pipeline needs does not exist", format!("{}.{column}", self.table))
                .hint(format!(
                    "add the column ({}) or point the pipeline at a view that has it",
                    wanted.words()
                )));
        };
        if !found.is_readable {
            let (section, table) = (self.place.section, &self.table);
            return Err(Error::new(
                Kind::Config,
                "the account may not read a column that the pipeline needs",
            )
            .detail(format!("{}: {table}.{column}", self.place.name))
            .hint(format!("GRANT SELECT ({column}) ON {table} TO the user of {section}.url")));
        }
        let name = &found.type_name;
        let found = Type::of(name);
        if wanted.accepts(found) {
            return Ok(found);
        }
        Err(self
            .place
            .broken(
                "a column has a type that the pipeline cannot read",
                format!("{}.{column} is {name}, expected {}", self.table, wanted.words()),
            )
            .hint("point the pipeline at a view that casts the column"))
    }

    /// The type of an optional column; `None` if it does not exist or may not be read.
    pub(crate) fn find(&self, column: &str) -> Option<Type> {
        self.readable(column).map(|found| Type::of(&found.type_name))
    }

    /// The server's name for a column's type.
    pub(crate) fn type_name(&self, column: &str) -> Option<&str> {
        self.readable(column).map(|found| found.type_name.as_str())
    }

    /// Returns whether an optional column exists and may be read.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.readable(column).is_some()
    }

    /// The column's collation, quoted, if it treats differently spelt texts as equal.
    pub(crate) fn equating_collation(&self, column: &str) -> Option<&str> {
        self.readable(column)?.equating.as_deref()
    }

    fn readable(&self, column: &str) -> Option<&Column> {
        self.columns.iter().find(|found| found.name == column && found.is_readable)
    }
}
