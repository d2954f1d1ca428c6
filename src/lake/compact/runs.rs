//! Sorted runs: the files of a table, and what is spilled of them to local disk, merged in
//! bounded memory.
//!
//! A file whose rows go to several places is read once and spilled to one run for each. A run costs
//! memory for what is read ahead of it; runs that would cost too much at once are merged in steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, take_record_batch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use chrono::DateTime;
use datafusion::common::config::SpillCompression;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::DefaultParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SpillFile, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::{ExecutionPlan, SpillManager};
use datafusion::prelude::SessionConfig;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;
use url::Position;

use super::plan::{Hours, Plan};
use super::{GROUP_ROWS, Sizes};
use crate::error::{Error, Result};
use crate::lake::part::ROW_GROUP_ROWS;
use crate::lake::rows::keys_of;
use crate::lake::table::DataFile;
use crate::lake::{FileReaders, Lake, TableSpec};

/// Spilled batches are about this large: a merge holds a few of each run.
const SPILLED_BATCH_BYTES: usize = 256 << 10;
/// How many of its batches a merge holds of each run.
const BATCHES_HELD: usize = 3;
const BATCH_BYTES: u64 = 4 << 20;
const BATCH_ROWS: u64 = 8 << 10;
/// How much smaller rows are in a file than in memory, more or less.
const COMPRESSION: u64 = 5;

/// Rows in the order of the table.
pub(super) enum Run {
    File(DataFile),
    Spilled { file: Arc<dyn SpillFile>, head_bytes: usize },
}

impl Run {
    /// Memory that a merge needs for this run.
    fn head_bytes(&self) -> usize {
        match self {
            // Of a file, a row group is read at a time.
            Self::File(file) => {
                let group = if file.is_settled { GROUP_ROWS } else { ROW_GROUP_ROWS };
                let group = (group as u64).min(file.rows.max(1));
                usize::try_from(file.size * group / file.rows.max(1)).unwrap_or(usize::MAX)
            }
            Self::Spilled { head_bytes, .. } => *head_bytes,
        }
    }
}

/// How many rows there are, and the sum of their keys: the same before and after, or rows were lost.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rows: AtomicU64,
    keys: AtomicU64,
}

impl Tally {
    pub(super) fn add(&self, keys: &[u128]) {
        let sum = keys.iter().fold(0_u64, |sum, key| sum.wrapping_add(*key as u64));
        self.rows.fetch_add(keys.len() as u64, Ordering::Relaxed);
        self.keys.fetch_add(sum, Ordering::Relaxed);
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.rows() == other.rows()
            && self.keys.load(Ordering::Relaxed) == other.keys.load(Ordering::Relaxed)
    }
}

/// Reads, spills and merges the files of one table.
pub(super) struct Runs {
    store: ObjectStoreUrl,
    readers: Arc<dyn ParquetFileReaderFactory>,
    pub(super) schema: SchemaRef,
    key: usize,
    time: Option<usize>,
    ordering: Option<LexOrdering>,
    batch_rows: usize,
    sizes: Sizes,
    context: Arc<TaskContext>,
    spills: SpillManager,
    /// What was read.
    pub(super) read: Arc<Tally>,
}

impl Runs {
    /// `spec` has the schema in which the rows are read.
    pub(super) fn new(
        lake: &Lake,
        spec: &TableSpec,
        files: &[DataFile],
        sizes: Sizes,
    ) -> Result<Self> {
        let store = ObjectStoreUrl::parse(&lake.url[..Position::BeforePath])?;
        let readers = Arc::new(DefaultParquetFileReaderFactory::new(lake.store()));
        // Files are read once: nothing of them is worth remembering.
        let runtime: Arc<RuntimeEnv> =
            RuntimeEnvBuilder::new().with_metadata_cache_limit(0).build_arc()?;
        runtime.register_object_store(store.as_ref(), lake.store());
        let (bytes, rows) =
            files.iter().fold((0, 0), |(bytes, rows), file| (bytes + file.size, rows + file.rows));
        let row_bytes = (bytes * COMPRESSION / rows.max(1)).max(1);
        let batch_rows = (BATCH_BYTES / row_bytes).clamp(64, BATCH_ROWS) as usize;
        let config = SessionConfig::new().with_batch_size(batch_rows);
        let context =
            TaskContext::default().with_session_config(config).with_runtime(Arc::clone(&runtime));
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let spills = SpillManager::new(runtime, metrics, Arc::clone(&spec.schema))
            .with_compression_type(SpillCompression::Lz4Frame);
        Ok(Self {
            store,
            readers: Arc::new(FileReaders::new(readers, lake.store())),
            schema: Arc::clone(&spec.schema),
            key: spec.key_index()?,
            time: spec.time_index()?,
            ordering: ordering(spec)?,
            batch_rows,
            sizes,
            context: Arc::new(context),
            spills,
            read: Arc::default(),
        })
    }

    /// The rows of files by hour.
    pub(super) async fn hours(&self, files: &[DataFile]) -> Result<Hours> {
        let mut hours = Hours::default();
        let Some(time) = self.time else { return Ok(hours) };
        for file in files {
            let mut batches = self.scan(file, Some(vec![time]))?;
            while let Some(batch) = batches.try_next().await? {
                let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
                times.iter().for_each(|time| hours.add(time));
            }
        }
        Ok(hours)
    }

    /// Spills a file, a run for each place its rows go to.
    pub(super) async fn distribute(
        &self,
        file: &DataFile,
        plan: &Plan,
    ) -> Result<Vec<(usize, Run)>> {
        let mut spilled: Vec<_> = (0..plan.destinations()).map(|_| None).collect();
        let mut batches = self.rows_of(file)?;
        while let Some(batch) = batches.try_next().await? {
            for (destination, batch) in self.divide(&batch, plan)? {
                let (file, largest) = match &mut spilled[destination] {
                    Some(spilled) => spilled,
                    empty => empty.insert((self.spills.create_in_progress_file("compaction")?, 0)),
                };
                for piece in pieces(&batch) {
                    *largest = file.append_batch(&piece)?.max(*largest);
                }
            }
        }
        let mut runs = Vec::new();
        for (destination, spilled) in spilled.into_iter().enumerate() {
            let Some((mut file, largest)) = spilled else { continue };
            if let Some(file) = file.finish()? {
                let head_bytes = largest * BATCHES_HELD;
                runs.push((destination, Run::Spilled { file, head_bytes }));
            }
        }
        Ok(runs)
    }

    /// The rows of a batch by where they go; their order stays.
    fn divide(&self, batch: &RecordBatch, plan: &Plan) -> Result<Vec<(usize, RecordBatch)>> {
        let Some(time) = self.time.filter(|_| plan.by_time) else {
            return Ok(vec![(0, batch.clone())]);
        };
        let mut chosen: Vec<Vec<u32>> = vec![Vec::new(); plan.destinations()];
        let times = batch.column(time).as_primitive::<TimestampMicrosecondType>();
        for (row, time) in times.iter().enumerate() {
            chosen[plan.destination(time)].push(row as u32);
        }
        let chosen = chosen.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        chosen
            .map(|(destination, rows)| {
                if rows.len() == batch.num_rows() {
                    return Ok((destination, batch.clone()));
                }
                Ok((destination, take_record_batch(batch, &UInt32Array::from(rows))?))
            })
            .collect()
    }

    /// All rows of the runs in the order of the table, read and merged on a task of its own.
    pub(super) async fn merged(
        self: Arc<Self>,
        runs: Vec<Run>,
    ) -> Result<SendableRecordBatchStream> {
        let runs = self.reduce(runs).await?;
        let mut merged = self.merge(runs)?;
        let mut ahead = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let sender = ahead.tx();
        ahead.spawn(async move {
            while let Some(batch) = merged.next().await {
                // Nobody reads on: the writer has failed and says so itself.
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        Ok(ahead.build())
    }

    /// Spills and merges until all runs can be merged at once.
    async fn reduce(&self, mut runs: Vec<Run>) -> Result<Vec<Run>> {
        let Sizes { merge_bytes, merge_runs, .. } = self.sizes;
        loop {
            let cost: usize = runs.iter().map(Run::head_bytes).sum();
            if runs.len() < 2 || (cost <= merge_bytes && runs.len() <= merge_runs) {
                return Ok(runs);
            }
            runs.sort_by_key(Run::head_bytes);
            let dearest_file = runs.iter().rposition(|run| matches!(run, Run::File(_)));
            if let Some(at) = dearest_file.filter(|_| cost > merge_bytes) {
                let run = runs.swap_remove(at);
                runs.push(self.spill(vec![run]).await?);
                continue;
            }
            let mut cost = 0;
            let affordable = runs.iter().take_while(|run| {
                cost += run.head_bytes();
                cost <= merge_bytes
            });
            let count = affordable.count().clamp(2, merge_runs);
            let cheapest = runs.drain(..count).collect();
            runs.push(self.spill(cheapest).await?);
        }
    }

    /// Merges runs into one on disk.
    async fn spill(&self, runs: Vec<Run>) -> Result<Run> {
        let mut merged = self.merge(runs)?;
        let mut spilled = self.spills.create_in_progress_file("compaction")?;
        let mut largest = 0;
        while let Some(batch) = merged.try_next().await? {
            for piece in pieces(&batch) {
                largest = spilled.append_batch(&piece)?.max(largest);
            }
        }
        let file = spilled.finish()?.ok_or_else(|| Error::new("a file without rows"))?;
        Ok(Run::Spilled { file, head_bytes: largest * BATCHES_HELD })
    }

    fn merge(&self, runs: Vec<Run>) -> Result<SendableRecordBatchStream> {
        let streams = runs.into_iter().map(|run| match run {
            Run::File(file) => self.rows_of(&file),
            Run::Spilled { file, .. } => {
                Ok(self.spills.read_spill_as_stream_unbuffered(file, None)?)
            }
        });
        let mut streams = streams.collect::<Result<Vec<_>>>()?;
        let schema = Arc::clone(&self.schema);
        let Some(ordering) = &self.ordering else {
            let all = stream::iter(streams).flatten();
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, all)));
        };
        if streams.len() < 2 {
            return streams.pop().ok_or_else(|| Error::new("there is nothing to merge"));
        }
        let memory = MemoryConsumer::new("compaction").register(self.context.memory_pool());
        let merged = StreamingMergeBuilder::new()
            .with_streams(streams)
            .with_schema(schema)
            .with_expressions(ordering)
            .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
            .with_batch_size(self.batch_rows)
            .with_reservation(memory)
            // Rows that are alike come in the order of the runs.
            .with_round_robin_tie_breaker(false)
            .build()?;
        Ok(merged)
    }

    /// Every column of every row of a file, counted.
    fn rows_of(&self, file: &DataFile) -> Result<SendableRecordBatchStream> {
        let (key, read) = (self.key, Arc::clone(&self.read));
        let counted = self.scan(file, None)?.map(move |batch| {
            let batch = batch?;
            read.add(&keys_of(batch.column(key)).map_err(external)?);
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), counted)))
    }

    /// The file as every reader sees it: columns that it lacks are NULL.
    fn scan(
        &self,
        file: &DataFile,
        columns: Option<Vec<usize>>,
    ) -> Result<SendableRecordBatchStream> {
        let meta = ObjectMeta {
            location: file.path.clone(),
            last_modified: DateTime::UNIX_EPOCH,
            size: file.size,
            e_tag: None,
            version: None,
        };
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(Arc::clone(&self.readers));
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file(PartitionedFile::new_from_meta(meta))
            .with_projection_indices(columns)?
            .build();
        let plan = DataSourceExec::from_data_source(config);
        Ok(plan.execute(0, Arc::clone(&self.context))?)
    }
}

fn ordering(spec: &TableSpec) -> Result<Option<LexOrdering>> {
    let options = SortOptions { descending: false, nulls_first: false };
    let columns = spec.sort_by.iter().map(|name| {
        let column = Column::new(name, spec.schema.index_of(name)?);
        Ok(PhysicalSortExpr::new(Arc::new(column), options))
    });
    Ok(LexOrdering::new(columns.collect::<Result<Vec<_>>>()?))
}

/// Slices of a batch that are small enough to hold many of.
fn pieces(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> + '_ {
    let rows = batch.num_rows();
    let bytes = batch.get_array_memory_size().max(1);
    let each = (rows * SPILLED_BATCH_BYTES / bytes).clamp(1, rows.max(1));
    (0..rows).step_by(each).map(move |start| batch.slice(start, each.min(rows - start)))
}

fn external(error: Error) -> datafusion::error::DataFusionError {
    datafusion::error::DataFusionError::External(Box::new(error))
}
