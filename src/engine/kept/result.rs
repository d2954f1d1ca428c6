//! The result of a kept relation: small ones stay in memory, those that are large or took long are
//! Parquet files.

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;

use super::store::{Place, Writing};
use crate::engine::compactor::Compactor;
use crate::engine::landed::LandedTable;
use crate::engine::partitions::of_each_partition;

/// What a partition holds in memory before it goes to a file.
const HELD_BYTES: usize = 16 << 20;
/// Stored results smaller than this are read once a run, larger ones each time.
const SMALL_BYTES: u64 = 4 << 20;

/// Rows in memory and rows in files; most results have only one kind.
#[derive(Debug, Default)]
pub struct Kept {
    pub held: Vec<Vec<RecordBatch>>,
    pub stored: Vec<PartitionedFile>,
}

impl Kept {
    /// In memory, if it is small.
    pub async fn at_hand(self, session: &dyn Session, schema: &SchemaRef) -> Result<Self> {
        let bytes: u64 = self.stored.iter().map(|file| file.object_meta.size).sum();
        if bytes > SMALL_BYTES || self.stored.is_empty() {
            return Ok(self);
        }
        let plan = self.scan(session, schema, None)?;
        let collect = |number, rows| collect(number, rows, Arc::clone(schema), None);
        let partitions = of_each_partition(plan, session.task_ctx(), collect).await?;
        Ok(Self { held: held(partitions), stored: vec![] })
    }

    pub fn scan(
        &self,
        session: &dyn Session,
        schema: &SchemaRef,
        projection: Option<&Vec<usize>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let held = || {
            let schema = Arc::clone(schema);
            MemorySourceConfig::try_new_exec(&self.held, schema, projection.cloned())
        };
        let stored = || {
            let table = LandedTable::of_local_files(Arc::clone(schema), self.stored.clone());
            let schema = TableSchema::from(Arc::clone(schema));
            table.scan_files(session, &schema, table.files().to_vec(), projection, None)
        };
        if self.held.is_empty() {
            return stored();
        }
        if self.stored.is_empty() {
            return Ok(held()?);
        }
        UnionExec::try_new(vec![stored()?, held()?])
    }
}

/// One partition of a result on its way.
struct Partition {
    held: Vec<RecordBatch>,
    written: Option<ArrowWriter<File>>,
}

/// Runs the plan; the result goes to `place` where it is worth that and can be written: if it took
/// long since `started`.
pub async fn compute(
    relation: &str,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    schema: &SchemaRef,
    place: Option<Place>,
    started: Instant,
) -> Result<Kept> {
    let writing = place.and_then(|place| place.begin(schema)).map(Arc::new);
    let collect = |number, rows| collect(number, rows, Arc::clone(schema), writing.clone());
    let partitions = of_each_partition(plan, context, collect).await?;
    let elapsed = started.elapsed();
    let is_large = partitions.iter().any(|partition| partition.written.is_some());
    let kept = match writing.and_then(Arc::into_inner) {
        Some(writing) if is_large || writing.is_worth(elapsed) => store(writing, partitions)?,
        _ => Kept { held: held(partitions), stored: vec![] },
    };
    let is_stored = kept.held.is_empty();
    tracing::debug!(relation, ?elapsed, is_stored, "computed");
    Ok(kept)
}

fn held(partitions: Vec<Partition>) -> Vec<Vec<RecordBatch>> {
    partitions.into_iter().map(|partition| partition.held).collect()
}

/// Rows may know better than the plan that a column is never NULL; readers go by the plan.
async fn collect(
    number: usize,
    mut stream: SendableRecordBatchStream,
    schema: SchemaRef,
    writing: Option<Arc<Writing>>,
) -> Result<Partition> {
    let mut partition = Partition { held: vec![], written: None };
    let mut kept = Compactor::new(Arc::clone(&schema));
    let mut bytes = 0;
    while let Some(batch) = stream.try_next().await? {
        kept.push(RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())?)?;
        for batch in kept.completed() {
            bytes += batch.get_array_memory_size();
            partition.held.push(batch);
        }
        if let Some(writing) = &writing
            && bytes > HELD_BYTES
        {
            partition.flush(number, writing)?;
            bytes = 0;
        }
    }
    partition.held.extend(kept.finish()?);
    Ok(partition)
}

impl Partition {
    /// Moves what is held to the partition's file.
    fn flush(&mut self, number: usize, writing: &Writing) -> Result<()> {
        let writer = match &mut self.written {
            Some(writer) => writer,
            None => self.written.insert(writing.writer(number)?),
        };
        for batch in self.held.drain(..) {
            writer.write(&batch)?;
        }
        Ok(())
    }
}

fn store(writing: Writing, partitions: Vec<Partition>) -> Result<Kept> {
    for (number, mut partition) in partitions.into_iter().enumerate() {
        partition.flush(number, &writing)?;
        if let Some(writer) = partition.written {
            writing.close(writer)?;
        }
    }
    Ok(Kept { held: vec![], stored: writing.commit()? })
}
