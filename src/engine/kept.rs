//! Relations whose result is kept (`-- @keep result`): computed once per as-of time, mode and
//! confidence, for all sessions of an engine; once for good if it asks for none of these. Views
//! that read them stay small plans, and no two of them compute the same thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source_as_provider;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::{ExecutionPlan, collect_partitioned};
use tokio::sync::OnceCell;

use crate::engine::functions;
use crate::engine::options::Settings;
use crate::engine::versions::VersionTable;

type Partitions = Vec<Vec<RecordBatch>>;
type Cells = Mutex<HashMap<String, Arc<OnceCell<Partitions>>>>;

/// Results by relation and settings.
#[derive(Debug, Default)]
pub struct KeptResults {
    of_settings: Cells,
    timeless: Arc<Cells>,
}

impl KeptResults {
    /// Shares what no setting changes, and nothing else: for a look at another time, whose
    /// results are then let go of together.
    pub fn apart(&self) -> Self {
        Self { of_settings: Cells::default(), timeless: Arc::clone(&self.timeless) }
    }

    fn cell(&self, name: &str, settings: Option<&Settings>) -> Arc<OnceCell<Partitions>> {
        let (cells, key) = match settings {
            Some(settings) => (&self.of_settings, format!("{name} {settings:?}")),
            None => (&*self.timeless, name.to_owned()),
        };
        let mut cells = cells.lock().unwrap_or_else(|e| e.into_inner());
        Arc::clone(cells.entry(key).or_default())
    }
}

/// Which settings change a result.
#[derive(Debug, Default, Clone, Copy)]
struct Follows {
    /// Time, mode, and what else a session believes.
    settings: bool,
    /// The least confidence of links.
    confidence: bool,
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
        let followed = match self.follows {
            Follows { confidence: true, .. } => Some(settings.clone()),
            Follows { settings: true, .. } => {
                Some(Settings { min_confidence: 0.0, ..settings.clone() })
            }
            Follows { settings: false, confidence: false } => None,
        };
        self.results.cell(&self.name, followed.as_ref())
    }

    async fn compute(&self, state: &SessionState) -> Result<Partitions> {
        let plan = state.create_physical_plan(&self.plan).await?;
        let partitions = collect_partitioned(plan, state.task_ctx()).await?;
        // Rows may know better than the plan that a column is never NULL; readers go by the plan.
        let planned = |batch: RecordBatch| {
            RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
        };
        let partitions = partitions
            .into_iter()
            .map(|batches| batches.into_iter().map(planned).collect())
            .collect::<Result<_, _>>()?;
        Ok(partitions)
    }
}

/// What the plan, or a kept relation that it reads, asks the session for.
fn follows(plan: &LogicalPlan) -> Result<Follows> {
    let mut found = Follows::default();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
        {
            // Which versions count depends on time and mode.
            found.settings |= provider.is::<VersionTable>();
            if let Some(kept) = provider.downcast_ref::<KeptTable>() {
                found.settings |= kept.follows.settings;
                found.confidence |= kept.follows.confidence;
            }
        }
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(function) = part {
                    let name = function.func.name();
                    found.settings |= functions::NAMES.contains(&name);
                    found.confidence |= name == "min_confidence";
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
