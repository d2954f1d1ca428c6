//! Relations whose result is kept (`-- @keep result`): computed once for each value of the settings
//! that they follow (time, mode, confidence), for all sessions of an engine. Views that read them stay
//! small plans, and no two of them compute the same thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source_as_provider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::{ExecutionPlan, execute_stream_partitioned};
use futures::TryStreamExt;
use futures::future::try_join_all;
use tokio::sync::OnceCell;

use crate::engine::compactor::Compactor;
use crate::engine::functions;
use crate::engine::options::Settings;
use crate::engine::versions::VersionTable;

type Partitions = Vec<Vec<RecordBatch>>;
type Cells = Mutex<HashMap<String, Arc<OnceCell<Partitions>>>>;

/// Results by relation and what they follow.
#[derive(Debug, Default)]
pub struct KeptResults {
    of_time: Cells,
    timeless: Arc<Cells>,
}

impl KeptResults {
    /// Shares what does not follow time, and nothing else: for a look at another time, whose
    /// results are then let go of together.
    pub fn apart(&self) -> Self {
        Self { of_time: Cells::default(), timeless: Arc::clone(&self.timeless) }
    }
}

/// Which settings change a result.
#[derive(Debug, Default, Clone, Copy)]
struct Follows {
    time: bool,
    /// Mode, and what else a session believes.
    settings: bool,
    /// The least confidence of links.
    confidence: bool,
}

impl Follows {
    fn add(&mut self, other: Self) {
        self.time |= other.time;
        self.settings |= other.settings;
        self.confidence |= other.confidence;
    }

    fn function(name: &str) -> Self {
        Self {
            time: functions::OF_TIME.contains(&name),
            settings: functions::OF_SETTINGS.contains(&name),
            confidence: functions::OF_CONFIDENCE.contains(&name),
        }
    }
}

/// A relation that is computed when it is first scanned.
#[derive(Debug)]
pub struct KeptTable {
    name: String,
    plan: LogicalPlan,
    schema: SchemaRef,
    follows: Follows,
    results: Arc<KeptResults>,
}

impl KeptTable {
    pub fn new(name: String, plan: LogicalPlan, results: Arc<KeptResults>) -> Result<Self> {
        Ok(Self {
            name,
            schema: Arc::clone(plan.schema().inner()),
            follows: follows(&plan)?,
            plan,
            results,
        })
    }

    fn cell(&self, settings: &Settings) -> Arc<OnceCell<Partitions>> {
        let Follows { time, settings: other, confidence } = self.follows;
        let cells = if time { &self.results.of_time } else { &*self.results.timeless };
        let Settings { as_of, min_confidence, .. } = settings;
        let key = (
            &self.name,
            time.then_some(as_of),
            confidence.then_some(min_confidence),
            other.then(|| Settings {
                as_of: 0,
                default_as_of: 0,
                min_confidence: 0.0,
                ..settings.clone()
            }),
        );
        let mut cells = cells.lock().unwrap_or_else(|e| e.into_inner());
        Arc::clone(cells.entry(format!("{key:?}")).or_default())
    }

    async fn compute(&self, state: &SessionState) -> Result<Partitions> {
        let started = Instant::now();
        let plan = state.create_physical_plan(&self.plan).await?;
        let streams = execute_stream_partitioned(plan, state.task_ctx())?;
        let collected = streams
            .into_iter()
            .map(|stream| SpawnedTask::spawn(collect(stream, Arc::clone(&self.schema))).join());
        let mut partitions = Partitions::new();
        for batches in
            try_join_all(collected).await.map_err(|e| DataFusionError::External(e.into()))?
        {
            partitions.push(batches?);
        }
        let rows: usize = partitions.iter().flatten().map(RecordBatch::num_rows).sum();
        tracing::debug!(relation = self.name, rows, elapsed = ?started.elapsed(), "computed");
        Ok(partitions)
    }
}

/// Rows may know better than the plan that a column is never NULL; readers go by the plan.
async fn collect(
    mut stream: SendableRecordBatchStream,
    schema: SchemaRef,
) -> Result<Vec<RecordBatch>> {
    let mut kept = Compactor::new(Arc::clone(&schema));
    while let Some(batch) = stream.try_next().await? {
        kept.push(RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())?)?;
    }
    Ok(kept.finish()?)
}

/// What the plan, or a kept relation that it reads, asks the session for.
fn follows(plan: &LogicalPlan) -> Result<Follows> {
    let mut found = Follows::default();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
        {
            if provider.is::<VersionTable>() {
                found.add(Follows { time: true, settings: true, confidence: false });
            }
            if let Some(kept) = provider.downcast_ref::<KeptTable>() {
                found.add(kept.follows);
            }
        }
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(function) = part {
                    found.add(Follows::function(function.func.name()));
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

#[async_trait]
impl TableProvider for KeptTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let state = session.as_any().downcast_ref::<SessionState>().ok_or_else(|| {
            DataFusionError::Internal("a kept relation needs a session state".into())
        })?;
        let cell = self.cell(Settings::of(session.config_options())?);
        let partitions = Box::pin(cell.get_or_try_init(|| self.compute(state))).await?;
        let schema = Arc::clone(&self.schema);
        let plan = MemorySourceConfig::try_new_exec(partitions, schema, projection.cloned())?;
        Ok(plan)
    }
}
