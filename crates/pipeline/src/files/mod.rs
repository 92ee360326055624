//! The staged files as Parquet: schemas that any tool can read, written and read column by column.
//!
//! Instants are `TIMESTAMP(MICROS, UTC)`, ids are `UUID`, text is UTF-8, compression is zstd.

pub(crate) mod cells;
pub(crate) mod crm;
pub(crate) mod mart;
pub(crate) mod owners;

mod columns;

pub(crate) use columns::Source;
