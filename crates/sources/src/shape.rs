//! The shape of a source table: which columns it has, of which type, checked before anything is read.

use bionicpro_model::{Error, Kind, Result};

use crate::connect::Session;
use crate::error::DatabaseLabel;
use crate::ident::quote_table;
use crate::template::fill;

/// A type as far as the pipeline tells types apart.
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

/// What a column may be, with the words for an error.
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

/// None, the database's own, `C` and `POSIX`: none of them calls texts equal that are spelt differently.
const ORDINARY_COLLATIONS: [u32; 4] = [0, 100, 950, 951];

/// The columns of one table.
pub(crate) struct Shape {
    place: DatabaseLabel,
    table: String,
    /// The table, quoted.
    pub(crate) name: String,
    /// The number that the name stood for when the snapshot was taken.
    pub(crate) number: u32,
    columns: Vec<Column>,
    /// The kind of relation: `r`, `p`, `v`, `m` or `f`.
    pub(crate) kind: String,
    /// Rows have a place on disk of their own, which the account may see: a table, as opposed to a view or a foreign table.
    pub(crate) is_stored: bool,
    /// The account may read `xmin`.
    pub(crate) may_read_xmin: bool,
    /// The policies where row security hides rows from the account; none where it does not.
    hiding: Option<Hiding>,
}

/// The policies of a table that the account is subject to.
#[derive(Default)]
struct Hiding {
    names: Vec<String>,
    /// All policies on reading, with their conditions.
    text: String,
}

/// A column, by the server's names.
struct Column {
    name: String,
    /// Of its base type.
    type_name: String,
    is_readable: bool,
    number: i16,
    declared_type: u32,
    collation: u32,
    /// Its collation, where that calls texts equal that are spelt differently.
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
        // Both are rare, and would be the longest part of the question.
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

    /// The named columns and all of type `xid8`, with number, type and collation. A column that was dropped and added again has
    /// another number.
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

    /// The conditions of the policies where row security is active.
    pub(crate) fn policies_text(&self) -> String {
        self.hiding.as_ref().map(|hiding| hiding.text.clone()).unwrap_or_default()
    }

    /// Checks that the names of tables still stand for what they stood for in the snapshot: locks do not keep a schema
    /// from being renamed, and another table of that name was perhaps filled after the snapshot, which sees it as empty.
    ///
    /// # Errors
    /// `Unreachable` with [`crate::SOURCE_CHANGED`] when one stands for another table.
    pub(crate) async fn check_names(session: &Session, shapes: &[Shape]) -> Result<()> {
        let fail = |error| session.place.error(error);
        let names: Vec<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
        // The function answers as of now, and not as of the snapshot.
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

    /// Checks that no policy hides rows from the account but those that are confirmed; returns the ones that do.
    ///
    /// # Errors
    /// `Config` that names the policies: a part of the rows must not be loaded as the whole.
    pub(crate) fn policies(&self, confirmed: &[String]) -> Result<&[String]> {
        if self.kind == "v" && !confirmed.is_empty() {
            let section = self.place.section;
            return Err(Error::new(Kind::Config, "policies can only be confirmed of tables")
                .detail(format!("{}: {} is a view, and nothing tells which policies hide rows below it", self.place.name, self.table))
                .hint(format!(
                    "unset {section}.policies and have the view belong to a role with BYPASSRLS; what it is meant to leave out goes into its WHERE"
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
                    ", or confirm that the rest is meant to be left out: {section}.policies = [{names:?}]"
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

    /// The type of a column that must be there.
    ///
    /// # Errors
    /// `Data` that names the column, what it should be and what it is.
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
                "a column has another type than the pipeline can read",
                format!("{}.{column} is {name}, expected {}", self.table, wanted.words()),
            )
            .hint("point the pipeline at a view that casts the column"))
    }

    /// The type of an optional column; none when it is not there, or may not be read.
    pub(crate) fn find(&self, column: &str) -> Option<Type> {
        self.readable(column).map(|found| Type::of(&found.type_name))
    }

    /// The server's name of a column's type.
    pub(crate) fn type_name(&self, column: &str) -> Option<&str> {
        self.readable(column).map(|found| found.type_name.as_str())
    }

    /// Whether an optional column is there.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.readable(column).is_some()
    }

    /// The column's collation, quoted, where it calls texts equal that are spelt differently.
    pub(crate) fn equating_collation(&self, column: &str) -> Option<&str> {
        self.readable(column)?.equating.as_deref()
    }

    fn readable(&self, column: &str) -> Option<&Column> {
        self.columns.iter().find(|found| found.name == column && found.is_readable)
    }
}
