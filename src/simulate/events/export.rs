//! Parquet files with the columns of a PostHog batch export.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::error::{Error, Result};

/// Rows of a file, of a row group, and of what is handed to the writer at once.
const FILE_ROWS: u64 = 1_000_000;
const GROUP_ROWS: usize = 250_000;
const BATCH_ROWS: usize = 8_192;

/// Text columns in the order of the export; times stand after `uuid`.
const TEXTS: [&str; 7] = [
    "uuid",
    "event",
    "properties",
    "distinct_id",
    "elements_chain",
    "person_properties",
    "person_id",
];
const TIMES: [&str; 3] = ["timestamp", "_inserted_at", "created_at"];

/// One event as it is exported.
#[derive(Debug)]
pub struct Row<'a> {
    pub uuid: &'a str,
    pub event: &'a str,
    /// µs.
    pub timestamp: i64,
    pub properties: Option<&'a str>,
    pub distinct_id: &'a str,
    pub person_properties: Option<&'a str>,
    pub person_id: &'a str,
}

/// The files `events-001.parquet`, `events-002.parquet` … in order of time.
pub struct Export {
    folder: PathBuf,
    schema: SchemaRef,
    texts: [StringBuilder; TEXTS.len()],
    times: [TimestampMicrosecondBuilder; TIMES.len()],
    waiting: usize,
    open: Option<(PathBuf, ArrowWriter<File>)>,
    files: u32,
    rows_of_file: u64,
    pub rows: u64,
}

impl Export {
    pub fn new(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::from(error).context(folder.display()))?;
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let mut fields = vec![Field::new(TEXTS[0], DataType::Utf8, true)];
        fields.extend(TIMES.map(|name| Field::new(name, time.clone(), true)));
        fields.extend(TEXTS[1..].iter().map(|name| Field::new(*name, DataType::Utf8, true)));
        Ok(Self {
            folder: folder.to_path_buf(),
            schema: Arc::new(Schema::new(fields)),
            texts: Default::default(),
            times: std::array::from_fn(|_| TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            waiting: 0,
            open: None,
            files: 0,
            rows_of_file: 0,
            rows: 0,
        })
    }

    pub fn push(&mut self, row: &Row<'_>) -> Result<()> {
        const SECOND: i64 = 1_000_000;
        let received = (row.timestamp / SECOND + 1) * SECOND;
        let inserted = (received / (60 * SECOND) + 1) * 60 * SECOND;
        for (column, time) in self.times.iter_mut().zip([row.timestamp, inserted, received]) {
            column.append_value(time);
        }
        let texts = [
            Some(row.uuid),
            Some(row.event),
            row.properties,
            Some(row.distinct_id),
            None,
            row.person_properties,
            Some(row.person_id),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_option(text);
        }
        self.waiting += 1;
        self.rows += 1;
        let is_file_full = self.rows_of_file + self.waiting as u64 >= FILE_ROWS;
        if self.waiting >= BATCH_ROWS || is_file_full {
            self.flush()?;
        }
        if is_file_full { self.close() } else { Ok(()) }
    }

    /// Writes what waits and closes the last file; without events there is one file of none.
    pub fn finish(&mut self) -> Result<u64> {
        if self.waiting > 0 || self.files == 0 {
            self.flush()?;
        }
        self.close()?;
        Ok(self.rows)
    }

    fn flush(&mut self) -> Result<()> {
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.texts[0].finish())];
        arrays.extend(self.times.iter_mut().map(|c| -> ArrayRef { Arc::new(c.finish()) }));
        arrays.extend(self.texts[1..].iter_mut().map(|c| -> ArrayRef { Arc::new(c.finish()) }));
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)?;
        if self.open.is_none() {
            self.begin()?;
        }
        if let Some((path, writer)) = &mut self.open {
            writer.write(&batch).map_err(|error| Error::from(error).context(path.display()))?;
        }
        self.rows_of_file += self.waiting as u64;
        self.waiting = 0;
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        self.files += 1;
        let path = self.folder.join(format!("events-{:03}.parquet", self.files));
        let file =
            File::create(&path).map_err(|error| Error::from(error).context(path.display()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            // Every event has its own.
            .set_column_dictionary_enabled(ColumnPath::from("uuid"), false)
            .build();
        let writer = ArrowWriter::try_new(file, self.schema.clone(), Some(properties))?;
        self.open = Some((path, writer));
        self.rows_of_file = 0;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some((path, writer)) = self.open.take() {
            writer.close().map_err(|error| Error::from(error).context(path.display()))?;
        }
        self.rows_of_file = 0;
        Ok(())
    }
}
