//! Writes and reads one Parquet column at a time, as plain vectors.

use std::io::Write;
use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result};
use parquet::basic::{Compression, Type, ZstdLevel};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;

/// The hint for a file that another version of the program wrote.
const WRITE_AGAIN: &str = "run the step that wrote it again with this version of the program";

/// Rows of a row group, which a writer holds in memory and a reader loads at once.
pub(crate) const ROW_GROUP: usize = 64 << 10;

/// A Parquet file that is being written.
pub(crate) struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    rows: u64,
}

impl<W: Write + Send> Table<W> {
    /// Starts a file with that schema.
    pub(crate) fn new(sink: W, schema: &str) -> Result<Self> {
        let schema = parse_message_type(schema).map_err(defect)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(defect)?))
            .set_created_by("bionicpro".to_owned());
        let writer = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties.build()))
            .map_err(written)?;
        Ok(Table { writer, rows: 0 })
    }

    /// Adds a row group; `fill` writes its columns in the order of the schema.
    pub(crate) fn row_group(
        &mut self,
        rows: usize,
        fill: impl FnOnce(&mut Columns<'_, W>) -> Result<(), ParquetError>,
    ) -> Result<()> {
        if rows == 0 {
            return Ok(());
        }
        let mut columns = Columns { group: self.writer.next_row_group().map_err(written)? };
        fill(&mut columns).map_err(written)?;
        columns.group.close().map_err(written)?;
        self.rows += rows as u64;
        Ok(())
    }

    /// Writes the footer; returns the rows of the file.
    pub(crate) fn finish(self) -> Result<u64> {
        self.writer.close().map_err(written)?;
        Ok(self.rows)
    }
}

/// The columns of a row group that is being written.
pub(crate) struct Columns<'a, W: Write + Send> {
    group: SerializedRowGroupWriter<'a, W>,
}

impl<W: Write + Send> Columns<'_, W> {
    /// Writes the next column, without nulls.
    pub(crate) fn put<T: DataType>(&mut self, values: &[T::T]) -> Result<(), ParquetError> {
        self.column::<T>(values, None)
    }

    /// Writes the next column, with nulls.
    pub(crate) fn put_optional<T: DataType>(&mut self, values: &[Option<T::T>]) -> Result<(), ParquetError> {
        let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
        let present: Vec<T::T> = values.iter().flatten().cloned().collect();
        self.column::<T>(&present, Some(&levels))
    }

    fn column<T: DataType>(&mut self, values: &[T::T], levels: Option<&[i16]>) -> Result<(), ParquetError> {
        let next = self.group.next_column()?;
        let mut column =
            next.ok_or_else(|| ParquetError::General("more columns than the schema has".into()))?;
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()
    }
}

/// A Parquet file that is being read.
pub(crate) struct Source {
    reader: SerializedFileReader<std::fs::File>,
}

impl Source {
    /// Opens a file with that schema, whose checksum was verified before.
    ///
    /// # Errors
    /// `Data` if it has other columns: another version of the program wrote it.
    pub(crate) fn new(file: std::fs::File, schema: &str) -> Result<Self> {
        let reader = SerializedFileReader::new(file).map_err(unreadable)?;
        let schema = SchemaDescriptor::new(Arc::new(parse_message_type(schema).map_err(defect)?));
        let columns = |of: &SchemaDescriptor| -> Vec<(String, i16, Type)> {
            let columns = of.columns().iter();
            columns.map(|one| (one.path().string(), one.max_def_level(), one.physical_type())).collect()
        };
        let (found, expected) = (columns(reader.metadata().file_metadata().schema_descr()), columns(&schema));
        if found == expected {
            return Ok(Source { reader });
        }
        let other = expected.iter().find(|column| !found.contains(column));
        let other = other.or_else(|| found.iter().find(|column| !expected.contains(column)));
        let what = match other {
            Some((name, ..)) => format!("{}: the column {name}", schema.name()),
            None => format!("{}: the order of the columns", schema.name()),
        };
        Err(Error::new(Kind::Data, "a staged file has the columns of another version of the program")
            .detail(what)
            .hint(WRITE_AGAIN))
    }

    /// Returns the row groups in order.
    pub(crate) fn row_groups(&self) -> impl Iterator<Item = Result<Group<'_>>> + '_ {
        (0..self.reader.num_row_groups()).map(|index| {
            let reader = self.reader.get_row_group(index).map_err(unreadable)?;
            Ok(Group { reader, next: 0 })
        })
    }
}

/// The columns of a row group that is being read.
pub(crate) struct Group<'a> {
    reader: Box<dyn RowGroupReader + 'a>,
    next: usize,
}

impl Group<'_> {
    /// Skips the next columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// Reads the next column, without nulls.
    pub(crate) fn take<T: DataType>(&mut self) -> Result<Vec<T::T>> {
        Ok(self.column::<T>()?.0)
    }

    /// Reads the next column, with nulls.
    pub(crate) fn take_optional<T: DataType>(&mut self) -> Result<Vec<Option<T::T>>> {
        let (values, levels) = self.column::<T>()?;
        let mut values = values.into_iter();
        Ok(levels.into_iter().map(|level| if level == 1 { values.next() } else { None }).collect())
    }

    fn column<T: DataType>(&mut self) -> Result<(Vec<T::T>, Vec<i16>)> {
        let rows = usize::try_from(self.reader.metadata().num_rows()).unwrap_or(0);
        let column = self.reader.get_column_reader(self.next).map_err(unreadable)?;
        self.next += 1;
        let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut reader = get_typed_column_reader::<T>(column);
        reader.read_records(rows, Some(&mut levels), None, &mut values).map_err(unreadable)?;
        Ok((values, levels))
    }
}

/// A write fails because the store accepts no more bytes; the store's own error is then reported instead.
fn written(error: ParquetError) -> Error {
    Error::new(Kind::Storage, "a staged file cannot be written").source(error)
}

fn unreadable(error: ParquetError) -> Error {
    Error::new(Kind::Data, "a staged file is not the Parquet file that was expected")
        .hint(WRITE_AGAIN)
        .source(error)
}

fn defect(error: ParquetError) -> Error {
    Error::new(Kind::Internal, "the schema of a staged file is not valid").source(error)
}

#[cfg(test)]
mod tests {
    use parquet::data_type::Int32Type;

    use super::*;

    #[test]
    fn a_file_with_other_columns_is_refused_with_what_to_do() {
        const SCHEMA: &str = "message some { required int32 a; required int32 b; }";
        let mut file = tempfile::tempfile().unwrap();
        let mut table = Table::new(&mut file, SCHEMA).unwrap();
        let fill = |columns: &mut Columns<'_, &mut std::fs::File>| {
            columns.put::<Int32Type>(&[7])?;
            columns.put::<Int32Type>(&[8])
        };
        table.row_group(1, fill).unwrap();
        table.finish().unwrap();
        let open = |schema| Source::new(file.try_clone().unwrap(), schema);
        let source = open(SCHEMA).unwrap();
        let mut group = source.row_groups().next().unwrap().unwrap();
        assert_eq!(
            (group.take::<Int32Type>().unwrap(), group.take::<Int32Type>().unwrap()),
            (vec![7], vec![8])
        );
        for (schema, told) in [
            ("message some { required int32 a; required int32 b; required int32 c; }", "some: the column c"),
            ("message some { required int32 a; }", "some: the column b"),
            ("message some { required int32 a; required int64 b; }", "some: the column b"),
            ("message some { required int32 a; optional int32 b; }", "some: the column b"),
            ("message some { required int32 b; required int32 a; }", "some: the order of the columns"),
        ] {
            let error = open(schema).err().unwrap();
            assert_eq!((error.kind(), error.detail_text()), (Kind::Data, Some(told)));
            assert!(error.hint_text().unwrap().contains("this version"), "{}", error.report());
        }
    }
}
