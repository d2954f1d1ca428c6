//! Parts: the Parquet files of a table, how they are encoded, and what a commit says about them.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Datelike, SecondsFormat};
use datafusion::common::runtime::SpawnedTask;
use deltalake_core::kernel::Add;
use futures::future::try_join_all;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::{ArrowSchemaConverter, AsyncArrowWriter};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use super::marks::{Marking, Marks};
use super::rows::{Position, Rows, keys_of};
use super::spec::{KEY, TableSpec};
use super::table::DataFile;
use crate::error::{Error, Result};

/// A part is closed once it is about this large, in bytes.
pub(super) const PART_BYTES: usize = 256 << 20;
pub(super) const ROW_GROUP_ROWS: usize = 1 << 20;
/// Rows that are gathered, encoded and measured at a time; of wide ones no more than fit near a core.
const SLICE_ROWS: usize = 8 << 10;
const SLICE_BYTES: usize = 2 << 20;
/// Rows that are worth a core of their own.
const SHARE_ROWS: usize = 100_000;

/// How every Parquet file of the lake is encoded.
pub fn writer_properties(spec: &TableSpec) -> Result<WriterProperties> {
    let columns = ArrowSchemaConverter::new().convert(&spec.schema)?;
    let sorting = spec
        .sort_by
        .iter()
        .filter_map(|name| {
            columns.columns().iter().position(|leaf| leaf.path().parts() == [name.as_str()])
        })
        .map(|leaf| SortingColumn {
            column_idx: leaf as i32,
            descending: false,
            nulls_first: false,
        })
        .collect();
    // Keys are random: nothing makes them smaller.
    let key = ColumnPath::from(KEY);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        // Of a column that is not in order every page holds all values: none could be skipped.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_sorting_columns(Some(sorting))
        .set_column_dictionary_enabled(key.clone(), false)
        .set_column_compression(key, Compression::UNCOMPRESSED);
    for field in spec.schema.fields() {
        let column = ColumnPath::from(field.name().as_str());
        let is_time = matches!(field.data_type(), DataType::Timestamp(..));
        if is_time {
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED);
        }
        if is_time || spec.sort_by.contains(field.name()) {
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Page);
        }
    }
    Ok(properties.build())
}

/// A Parquet file that is written and not yet, or just, committed.
#[derive(Debug)]
pub(super) struct Part {
    /// File name inside the table's folder.
    name: String,
    pub(super) path: Path,
    size: u64,
    modified_ms: i64,
    time: TimeRange,
    time_column: Option<String>,
    /// Where the table is marked.
    marks: Option<Marks>,
    /// The keys of the rows, sorted.
    pub(super) keys: Arc<[u128]>,
}

/// What the rows of a part say in the time column: the extremes in µs, and how many are NULL.
#[derive(Debug, Default)]
struct TimeRange {
    extremes: Option<(i64, i64)>,
    nulls: usize,
}

impl TimeRange {
    fn add(&mut self, column: &dyn Array) {
        let times = column.as_primitive::<TimestampMicrosecondType>();
        self.nulls += times.null_count();
        if let (Some(min), Some(max)) = (compute::min(times), compute::max(times)) {
            let (low, high) = self.extremes.unwrap_or((min, max));
            self.extremes = Some((low.min(min), high.max(max)));
        }
    }
}

impl Part {
    /// Writes the chosen rows as parts of `max_bytes` at most, on as many cores as that is worth.
    pub(super) async fn write(
        store: &Arc<dyn ObjectStore>,
        folder: &Path,
        spec: &Arc<TableSpec>,
        rows: &Arc<Rows>,
        chosen: &[Position],
        max_bytes: usize,
    ) -> Result<Vec<Self>> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shares = (chosen.len() / SHARE_ROWS).clamp(1, cores);
        let shares = chosen.chunks(chosen.len().div_ceil(shares).max(1)).map(|share| {
            let (store, folder) = (Arc::clone(store), folder.clone());
            let (spec, rows, share) = (Arc::clone(spec), Arc::clone(rows), share.to_vec());
            on_a_task(async move {
                Self::write_share(&store, &folder, &spec, &rows, &share, max_bytes).await
            })
        });
        Ok(try_join_all(shares).await?.into_iter().flatten().collect())
    }

    async fn write_share(
        store: &Arc<dyn ObjectStore>,
        folder: &Path,
        spec: &TableSpec,
        rows: &Rows,
        chosen: &[Position],
        max_bytes: usize,
    ) -> Result<Vec<Self>> {
        let mut parts = Vec::new();
        let slice_rows = (SLICE_BYTES / rows.row_bytes().max(1)).clamp(1, SLICE_ROWS);
        let mut slices = chosen.chunks(slice_rows).peekable();
        while slices.peek().is_some() {
            let name = DataFile::new_name(false);
            let mut part = PartWriter::create(store, folder, spec, name, writer_properties(spec)?)?;
            for slice in slices.by_ref() {
                part.write(&rows.gather(slice)?).await?;
                if part.size() >= max_bytes {
                    break;
                }
            }
            parts.push(part.close(store).await?);
        }
        Ok(parts)
    }

    pub(super) fn rows(&self) -> usize {
        self.keys.len()
    }

    /// The Delta action that makes the part's rows the table's.
    pub(super) fn add(&self) -> Add {
        Add {
            path: self.name.clone(),
            size: self.size as i64,
            modification_time: self.modified_ms,
            data_change: true,
            stats: Some(self.statistics().to_string()),
            partition_values: Default::default(),
            tags: self.marks.as_ref().map(Marks::to_tags),
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        }
    }

    fn statistics(&self) -> Value {
        let mut statistics = Map::new();
        statistics.insert("numRecords".to_owned(), json!(self.rows()));
        if let Some(column) = &self.time_column {
            if let Some((min, max)) = self.time.extremes
                && let (Some(min), Some(max)) = (rfc3339(min), rfc3339(max))
            {
                statistics.insert("minValues".to_owned(), json!({ column: min }));
                statistics.insert("maxValues".to_owned(), json!({ column: max }));
            }
            statistics.insert("nullCount".to_owned(), json!({ column: self.time.nulls }));
        }
        Value::Object(statistics)
    }
}

/// Runs on a task of its own, which ends when nobody waits for it.
pub(super) async fn on_a_task<T: Send + 'static>(
    task: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let ended = SpawnedTask::spawn(task).join().await;
    ended.map_err(|error| Error::new(format!("a task that wrote files stopped: {error}")))?
}

/// A time in µs as Delta writes it, or `None` for a year that has not four digits.
fn rfc3339(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    (0..=9999).contains(&time.year()).then(|| time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// A part that is being written; rows come in the order of the table.
pub(super) struct PartWriter {
    parquet: AsyncArrowWriter<BufWriter>,
    name: String,
    path: Path,
    key_index: usize,
    time_index: Option<usize>,
    time_column: Option<String>,
    time: TimeRange,
    marking: Option<Marking>,
    marks: Marks,
    keys: Vec<u128>,
}

impl PartWriter {
    pub(super) fn create(
        store: &Arc<dyn ObjectStore>,
        folder: &Path,
        spec: &TableSpec,
        name: String,
        properties: WriterProperties,
    ) -> Result<Self> {
        let path = folder.clone().join(name.as_str());
        let target = BufWriter::new(Arc::clone(store), path.clone());
        Ok(Self {
            parquet: AsyncArrowWriter::try_new(target, spec.schema.clone(), Some(properties))?,
            name,
            path,
            key_index: spec.key_index()?,
            time_index: spec.time_index()?,
            time_column: spec.time_column.clone(),
            time: TimeRange::default(),
            marking: spec.marking,
            marks: Marks::default(),
            keys: Vec::new(),
        })
    }

    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.keys.extend(keys_of(batch.column(self.key_index))?);
        if let Some(index) = self.time_index {
            self.time.add(batch.column(index));
        }
        if let Some(marking) = self.marking {
            self.marks.merge(&(marking.of)(batch)?);
        }
        Ok(self.parquet.write(batch).await?)
    }

    /// Bytes so far, those still in memory included.
    pub(super) fn size(&self) -> usize {
        self.parquet.bytes_written() + self.parquet.in_progress_size()
    }

    pub(super) async fn close(self, store: &Arc<dyn ObjectStore>) -> Result<Part> {
        self.parquet.close().await?;
        let written = store.head(&self.path).await?;
        let mut keys = self.keys;
        keys.sort_unstable();
        Ok(Part {
            name: self.name,
            path: self.path,
            size: written.size,
            modified_ms: written.last_modified.timestamp_millis(),
            time: self.time,
            time_column: self.time_column,
            marks: self.marking.map(|_| self.marks),
            keys: keys.into(),
        })
    }
}
