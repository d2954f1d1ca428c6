//! What a table function stands for: one batch, computed when it is scanned, at the session's time.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableFunctionArgs, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::future::BoxFuture;

use crate::engine::options::Settings;
use crate::error;

type Compute = dyn Fn(Settings) -> BoxFuture<'static, error::Result<RecordBatch>> + Send + Sync;

/// A relation of this schema that `compute` makes.
pub struct Computed {
    pub schema: SchemaRef,
    pub compute: Box<Compute>,
}

/// The one argument of a table function, if it is a text.
pub fn text_argument<'a>(args: &'a TableFunctionArgs<'_, '_>) -> Option<&'a str> {
    match args.exprs() {
        [Expr::Literal(value, _)] => value.try_as_str().flatten(),
        _ => None,
    }
}

#[async_trait]
impl TableProvider for Computed {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let settings = Settings::of(session.config_options())?.clone();
        // A task of its own: the stack of a plan inside a plan would be deep.
        let rows = tokio::spawn((self.compute)(settings));
        let rows = rows.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let rows = rows.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let (rows, schema) = ([vec![rows]], Arc::clone(&self.schema));
        Ok(MemorySourceConfig::try_new_exec(&rows, schema, projection.cloned())?)
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computed").field("schema", &self.schema).finish_non_exhaustive()
    }
}
