//! What a run asks for again and again: the rows that one question finds in a relation serve all its
//! looks at other times.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, project_schema};
use datafusion::datasource::ViewTable;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use tokio::sync::OnceCell;

use crate::engine::compactor::Compactor;
use crate::engine::partitions::of_each_partition;

/// More than this is read again each time.
const HELD_BYTES: usize = 128 << 20;
/// Looks differ in what they ask of this column, and of nothing else.
const TIME: &str = "occurred_at";

/// What was found, by partition; `None` if it was too much to hold.
type Found = Option<Vec<Vec<RecordBatch>>>;

/// What the questions of one run found.
#[derive(Debug, Clone, Default)]
pub struct Recall(Arc<Mutex<HashMap<String, Arc<OnceCell<Found>>>>>);

impl Recall {
    fn cell(&self, question: String) -> Arc<OnceCell<Found>> {
        let mut cells = self.0.lock().unwrap_or_else(|e| e.into_inner());
        Arc::clone(cells.entry(question).or_default())
    }
}

/// A relation that follows from landed rows alone, and whose answers are recalled.
#[derive(Debug)]
pub struct Recalled {
    name: String,
    view: ViewTable,
}

impl Recalled {
    pub fn new(name: String, plan: LogicalPlan) -> Self {
        Self { name, view: ViewTable::new(plan, None) }
    }

    async fn find(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
    ) -> Result<Found> {
        let plan = self.view.scan(session, projection, filters, None).await?;
        let held = Arc::new(AtomicUsize::new(0));
        let schema = plan.schema();
        let collect = |_, rows| collect(rows, Arc::clone(&schema), Arc::clone(&held));
        let collected = of_each_partition(plan, session.task_ctx(), collect).await?;
        Ok(collected.into_iter().collect())
    }
}

/// `None` once all partitions together hold too much.
async fn collect(
    mut stream: SendableRecordBatchStream,
    schema: SchemaRef,
    held: Arc<AtomicUsize>,
) -> Result<Option<Vec<RecordBatch>>> {
    let mut kept = Compactor::new(schema);
    let mut batches = vec![];
    while let Some(batch) = stream.try_next().await? {
        kept.push(batch)?;
        for batch in kept.completed() {
            let bytes = batch.get_array_memory_size();
            if held.fetch_add(bytes, Ordering::Relaxed) + bytes > HELD_BYTES {
                return Ok(None);
            }
            batches.push(batch);
        }
    }
    batches.extend(kept.finish()?);
    Ok(Some(batches))
}

/// True if the filter asks for a time only. More rows than asked for may be given.
fn is_of_time(filter: &Expr) -> bool {
    filter.column_refs().iter().all(|column| column.name == TIME)
}

#[async_trait]
impl TableProvider for Recalled {
    fn schema(&self) -> SchemaRef {
        self.view.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let lasting: Vec<Expr> = filters.iter().filter(|f| !is_of_time(f)).cloned().collect();
        if let Some(recall) = session.config().get_extension::<Recall>()
            && !lasting.is_empty()
        {
            let cell = recall.cell(format!("{} {projection:?} {lasting:?}", self.name));
            let found = cell.get_or_try_init(|| self.find(session, projection, &lasting));
            if let Some(partitions) = Box::pin(found).await? {
                let schema = project_schema(&self.schema(), projection)?;
                return Ok(MemorySourceConfig::try_new_exec(partitions, schema, None)?);
            }
        }
        self.view.scan(session, projection, filters, limit).await
    }
}
