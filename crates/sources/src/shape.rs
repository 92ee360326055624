//! The shape of a source table: which columns it has, of which type, checked before anything is read.

use bionicpro_model::Result;

use crate::connect::Session;
use crate::error::Place;

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
            _ => Type::Other,
        }
    }
}

/// What a column may be, with the words for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Text,
    Uuid,
    Instant,
    Number,
    Any,
}

impl Wanted {
    fn accepts(self, found: Type) -> bool {
        match self {
            Wanted::Text => found == Type::Text,
            Wanted::Uuid => found == Type::Uuid,
            Wanted::Instant => matches!(found, Type::Timestamp | Type::TimestampTz),
            Wanted::Number => matches!(found, Type::Int | Type::BigInt | Type::Numeric | Type::Float),
            Wanted::Any => true,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Wanted::Text => "text or varchar",
            Wanted::Uuid => "uuid",
            Wanted::Instant => "timestamp or timestamptz",
            Wanted::Number => "an integer, numeric, real or double precision",
            Wanted::Any => "any type",
        }
    }
}

/// The columns of one table.
pub(crate) struct Shape {
    place: Place,
    table: String,
    columns: Vec<(String, String)>,
    /// Whether rows have a place on disk of their own: a table, as opposed to a view or a foreign table.
    pub(crate) is_stored: bool,
}

impl Shape {
    /// Looks the table up in the catalogue.
    ///
    /// # Errors
    /// `Data` when the schema has no such table.
    pub(crate) async fn read(session: &Session, schema: &str, table: &str) -> Result<Shape> {
        let rows = session.rows(include_str!("shape.sql"), &[schema, table]).await?;
        let mut shape = Shape {
            place: session.place.clone(),
            table: format!("{schema}.{table}"),
            columns: Vec::with_capacity(rows.len()),
            is_stored: true,
        };
        for row in &rows {
            shape.columns.push((row.get(0), row.get(1)));
            shape.is_stored = row.get(2);
        }
        if shape.columns.is_empty() {
            let section = session.place.section;
            return Err(session
                .place
                .broken("a table that the pipeline needs does not exist", shape.table.clone())
                .hint(format!("check {section}.url, {section}.schema and the table's name")));
        }
        Ok(shape)
    }

    /// The type of a column that must be there.
    ///
    /// # Errors
    /// `Data` that names the column, what it should be and what it is.
    pub(crate) fn require(&self, column: &str, wanted: Wanted) -> Result<Type> {
        let Some((_, name)) = self.columns.iter().find(|(name, _)| name == column) else {
            return Err(self
                .place
                .broken("a column that the pipeline needs does not exist", format!("{}.{column}", self.table))
                .hint(format!(
                    "add the column ({}) or point the pipeline at a view that has it",
                    wanted.words()
                )));
        };
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

    /// The type of an optional column; none when it is not there.
    pub(crate) fn find(&self, column: &str) -> Option<Type> {
        self.columns.iter().find(|(name, _)| name == column).map(|(_, name)| Type::of(name))
    }

    /// The server's name of a column's type.
    pub(crate) fn type_name(&self, column: &str) -> Option<&str> {
        self.columns.iter().find(|(name, _)| name == column).map(|(_, name)| name.as_str())
    }

    /// Whether an optional column is there.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }
}
