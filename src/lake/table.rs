//! A table as of its latest commit that we have read.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef, TimestampMicrosecondType};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::StructType;
use deltalake_core::logstore::parquet_reader::ParquetObjectReader;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use url::Url;
use uuid::Uuid;

use super::schema::{delta_schema, grow};
use super::{Lake, TableSpec};
use crate::error::{Error, Result};

/// How many files are read at the same time.
const CONCURRENT_READS: usize = 8;
/// How the names of files end that a compaction wrote.
const SETTLED: &str = "-compacted.parquet";
/// Other writers may have cut the times in their statistics down to whole milliseconds.
const MILLISECOND: i64 = 1_000;
/// What the system says of a disk that is full.
const DISK_FULL: &str = "No space left on device";

/// One table of the lake and the state it had when it was opened, refreshed or appended to.
#[derive(Clone)]
pub struct Table {
    pub(super) lake: Lake,
    pub(super) spec: Arc<TableSpec>,
    /// The declared schema in its Delta form.
    pub(super) declared: Arc<StructType>,
    /// The schema to commit next, when the table lacks declared columns.
    pub(super) grown: Option<Arc<StructType>>,
    pub(super) delta: DeltaTable,
    files: Arc<[DataFile]>,
}

/// A Parquet file of a table. Columns that it lacks are NULL.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// From the root of the store.
    pub path: Path,
    pub url: Url,
    /// Bytes.
    pub size: u64,
    pub rows: u64,
    /// Smallest and largest value of the time column in µs; `None` when nothing is known of it.
    pub times: Option<(i64, i64)>,
    /// Whether a compaction wrote it.
    pub is_settled: bool,
}

impl DataFile {
    /// A name that no other file has.
    pub(super) fn new_name(is_settled: bool) -> String {
        format!("part-{}{}", Uuid::new_v4(), if is_settled { SETTLED } else { ".parquet" })
    }

    fn overlaps(&self, range: Option<(i64, i64)>) -> bool {
        let (Some((from, to)), Some((min, max))) = (range, self.times) else { return true };
        min <= to && from < max.saturating_add(MILLISECOND)
    }
}

impl Table {
    pub(super) async fn open(lake: Lake, spec: TableSpec) -> Result<Self> {
        spec.check()?;
        let log = log_of(&lake, &spec.name)?;
        let declared = Arc::new(delta_schema(&spec.schema)?);
        let delta = DeltaTable::new(log);
        let spec = Arc::new(spec);
        let mut table = Self { lake, spec, declared, grown: None, delta, files: Arc::from([]) };
        table.refresh().await?;
        Ok(table)
    }

    /// As the spec names it, such as `stripe_log/invoices`.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The files that hold the table's rows, in no particular order.
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }

    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// The number of the latest commit; `None` when there is none.
    pub fn version(&self) -> Option<i64> {
        self.delta.version().map(|version| version as i64)
    }

    /// The declared schema, which is how rows are to be read.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.spec.schema)
    }

    /// The version that the latest commit of an application gave itself.
    pub async fn transaction(&self, app_id: &str) -> Result<Option<i64>> {
        let Some(state) = &self.delta.state else { return Ok(None) };
        let version = state.transaction_version(&self.delta.log_store(), app_id).await;
        version.map_err(|error| self.error(error))
    }

    /// Reads what others have committed since.
    pub async fn refresh(&mut self) -> Result<()> {
        let log = self.delta.log_store();
        let exists = self.delta.state.is_some()
            || log.is_delta_table_location().await.map_err(|error| self.error(error))?;
        if exists {
            self.delta.update_state().await.map_err(|error| self.error(error))?;
            self.read_state().await.map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    /// The keys in the files whose times overlap the range (µs, both ends included), or in all of
    /// them. A file of unknown times always counts.
    pub async fn keys(&self, range: Option<(i64, i64)>) -> Result<HashSet<u128>> {
        let lists = self.key_lists(range).await.map_err(|error| self.error(error))?;
        Ok(lists.iter().flat_map(|keys| keys.iter().copied()).collect())
    }

    /// The sorted keys of each of those files.
    pub(super) async fn key_lists(&self, range: Option<(i64, i64)>) -> Result<Vec<Arc<[u128]>>> {
        // Owned futures: borrowing ones in a stream would make `append` not `Send`.
        let wanted: Vec<DataFile> =
            self.files.iter().filter(|file| file.overlaps(range)).cloned().collect();
        stream::iter(wanted)
            .map(|file| {
                let lake = self.lake.clone();
                async move { lake.keys.load(&lake.store, &file.path, file.size).await }
            })
            .buffer_unordered(CONCURRENT_READS)
            .try_collect()
            .await
    }

    /// The table's folder, from the root of the store.
    pub(super) fn folder(&self) -> Path {
        self.lake.path(&self.spec.name)
    }

    /// Says which table an error is about.
    pub(super) fn error(&self, error: impl Into<Error>) -> Error {
        let error = error.into();
        let is_full = error.message().contains(DISK_FULL);
        let error = error.context(format_args!("table {}", self.spec.name));
        match is_full {
            true => error.hint("make room on the disk; what is committed stays, and the next run goes on from there"),
            false => error,
        }
    }

    /// Takes over the files and the schema of the Delta state.
    pub(super) async fn read_state(&mut self) -> Result<()> {
        let state = self.delta.snapshot()?;
        // Deletion vectors and renamed columns would need more than reading plain Parquet.
        let reader = state.protocol().min_reader_version();
        if reader > 1 {
            return Err(Error::new(format!("reading it takes Delta reader version {reader}"))
                .hint(
                    "another program switched on a Delta feature here; paydirt reads version 1",
                ));
        }
        self.grown = grow(&state.schema(), &self.declared)?.map(Arc::new);
        let mut files = Vec::new();
        for batch in state.snapshot().add_actions_batches(true)? {
            files.extend(self.data_files(&batch)?);
        }
        self.files = stream::iter(files)
            .map(|(file, rows)| count(self.lake.store(), file, rows))
            .buffer_unordered(CONCURRENT_READS)
            .try_collect::<Vec<_>>()
            .await?
            .into();
        Ok(())
    }

    /// One row of the batch is one file; its number of rows may be unknown.
    fn data_files(&self, batch: &RecordBatch) -> Result<Vec<(DataFile, Option<u64>)>> {
        let missing = |name: &str| Error::new(format!("the log gives no '{name}' of its files"));
        let paths = batch.column_by_name("path").and_then(|column| column.as_string_opt::<i32>());
        let paths = paths.ok_or_else(|| missing("path"))?;
        let integers = |name: &str| {
            let column = batch.column_by_name(name);
            column.and_then(|column| column.as_primitive_opt::<Int64Type>())
        };
        let sizes = integers("size_bytes").ok_or_else(|| missing("size_bytes"))?;
        let counts = integers("num_records").ok_or_else(|| missing("num_records"))?;
        let times = |extreme: &str| {
            let column = format!("{extreme}.{}", self.spec.time_column.as_deref()?);
            batch.column_by_name(&column)?.as_primitive_opt::<TimestampMicrosecondType>()
        };
        let (mins, maxs) = (times("min"), times("max"));
        let root = self.delta.table_url();
        (0..batch.num_rows())
            .map(|row| {
                let url = root.join(paths.value(row)).map_err(|error| {
                    Error::new(format!("file '{}' has no URL: {error}", paths.value(row)))
                })?;
                let path = Path::from_url_path(url.path()).map_err(object_store::Error::from)?;
                let time = |times: Option<&arrow::array::TimestampMicrosecondArray>| {
                    times.filter(|times| times.is_valid(row)).map(|times| times.value(row))
                };
                let size = sizes.value(row) as u64;
                let rows = counts.is_valid(row).then(|| counts.value(row) as u64);
                let times = time(mins).zip(time(maxs));
                let is_settled = path.as_ref().ends_with(SETTLED);
                Ok((DataFile { path, url, size, rows: 0, times, is_settled }, rows))
            })
            .collect()
    }
}

/// The log of a table, which may not have been begun.
pub(super) fn log_of(lake: &Lake, name: &str) -> Result<LogStoreRef> {
    let url = lake
        .url
        .join(&format!("{name}/"))
        .map_err(|error| Error::new(format!("table {name} has no place in the lake: {error}")))?;
    let in_table = Arc::new(PrefixStore::new(lake.store(), lake.path(name)));
    Ok(default_logstore(in_table, lake.store(), &url, &StorageConfig::default()))
}

/// Fills in the number of rows, from the file itself if its writer did not report it.
async fn count(
    store: Arc<dyn ObjectStore>,
    mut file: DataFile,
    rows: Option<u64>,
) -> Result<DataFile> {
    file.rows = match rows {
        Some(rows) => rows,
        None => {
            let reader =
                ParquetObjectReader::new(store, file.path.clone()).with_file_size(file.size);
            let parquet = ParquetRecordBatchStreamBuilder::new(reader).await?;
            parquet.metadata().file_metadata().num_rows() as u64
        }
    };
    Ok(file)
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.spec.name)
            .field("version", &self.version())
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}
