//! Writes and reads one Parquet column at a time, as plain vectors.

use std::io::Write;
use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result};
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// Rows of a row group: what a writer holds in memory, and what a reader takes at once.
pub(crate) const ROW_GROUP: usize = 64 << 10;

/// A Parquet file that is being written.
pub(crate) struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    rows: u64,
}

impl<W: Write + Send> Table<W> {
    /// Begins a file of that schema.
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
    /// The next column, without nulls.
    pub(crate) fn put<T: DataType>(&mut self, values: &[T::T]) -> Result<(), ParquetError> {
        self.column::<T>(values, None)
    }

    /// The next column, with nulls.
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
    /// Opens a file that was checked before.
    pub(crate) fn new(file: std::fs::File) -> Result<Self> {
        Ok(Source { reader: SerializedFileReader::new(file).map_err(unreadable)? })
    }

    /// The row groups in their order.
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
    /// Passes over the next columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// The next column, without nulls.
    pub(crate) fn take<T: DataType>(&mut self) -> Result<Vec<T::T>> {
        Ok(self.column::<T>()?.0)
    }

    /// The next column, with nulls.
    pub(crate) fn take_optional<T: DataType>(&mut self) -> Result<Vec<Option<T::T>>> {
        let (values, levels) = self.column::<T>()?;
        let mut values = values.into_iter();
        Ok(levels.into_iter().map(|level| if level == 1 { values.next() } else { None }).collect())
    }

    fn column<T: DataType>(&mut self) -> Result<(Vec<T::T>, Vec<i16>)> {
        let metadata = self.reader.metadata();
        if self.next >= metadata.num_columns() {
            return Err(unreadable(ParquetError::General("fewer columns than this program reads".into())));
        }
        let rows = usize::try_from(metadata.num_rows()).unwrap_or(0);
        let column = self.reader.get_column_reader(self.next).map_err(unreadable)?;
        self.next += 1;
        let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut reader = get_typed_column_reader::<T>(column);
        reader.read_records(rows, Some(&mut levels), None, &mut values).map_err(unreadable)?;
        Ok((values, levels))
    }
}

/// Writing fails because the store took no more bytes: the store's own error is told in its place.
fn written(error: ParquetError) -> Error {
    Error::new(Kind::Storage, "a staged file cannot be written").source(error)
}

fn unreadable(error: ParquetError) -> Error {
    Error::new(Kind::Data, "a staged file is not the Parquet file that it should be")
        .hint("run the step that wrote it again with this version of the program")
        .source(error)
}

fn defect(error: ParquetError) -> Error {
    Error::new(Kind::Internal, "a staged file's schema is not Parquet").source(error)
}

#[cfg(test)]
mod tests {
    use parquet::data_type::Int32Type;

    use super::*;

    #[test]
    fn a_file_with_fewer_columns_is_refused_with_what_to_do() {
        let mut file = tempfile::tempfile().unwrap();
        let mut table = Table::new(&mut file, "message old { required int32 a; }").unwrap();
        table.row_group(1, |columns| columns.put::<Int32Type>(&[7])).unwrap();
        table.finish().unwrap();
        let source = Source::new(file).unwrap();
        let mut group = source.row_groups().next().unwrap().unwrap();
        assert_eq!(group.take::<Int32Type>().unwrap(), [7]);
        let error = group.take_optional::<Int32Type>().unwrap_err();
        assert_eq!(error.kind(), Kind::Data);
        assert!(error.hint_text().unwrap().contains("this version"), "{}", error.report());
    }
}
