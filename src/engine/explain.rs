//! `identity_explain('jane@acme.com')`: why an address is linked to an account or is not, as a
//! relation with a row for each step.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{
    Session as AnySession, TableFunctionArgs, TableFunctionImpl, TableProvider,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::engine::options::Settings;
use crate::engine::{Engine, Session};
use crate::error;

const NAME: &str = "identity_explain";

/// Makes the function known to a session.
pub fn register(engine: &Engine, session: &Session) {
    session.ctx.register_udtf(NAME, Arc::new(ExplainFunction { engine: engine.clone() }));
}

/// The steps from an address to its account, as of the settings' time.
pub async fn steps(engine: &Engine, settings: Settings, email: &str) -> error::Result<RecordBatch> {
    let session = engine.session_with(settings, None)?;
    let sql = &engine.command(NAME)?.text;
    let email = ScalarValue::Utf8(Some(email.to_owned()));
    let batches = session.query_with(sql, vec![("email", email)]).await?;
    let Some(first) = batches.first() else { return Ok(RecordBatch::new_empty(schema())) };
    let rows = concat_batches(&first.schema(), &batches)?;
    let fields = schema();
    let columns = std::iter::zip(rows.columns(), fields.fields())
        .map(|(column, field)| cast(column, field.data_type()));
    Ok(RecordBatch::try_new(Arc::clone(&fields), columns.collect::<Result<_, _>>()?)?)
}

fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let column = |name: &str, kind: &DataType| Field::new(name, kind.clone(), true);
    Arc::new(Schema::new(vec![
        column("step", &DataType::Utf8),
        column("value", &DataType::Utf8),
        column("account_id", &DataType::Utf8),
        column("confidence", &DataType::Float64),
        column("from_at", &time),
        column("to_at", &time),
        column("why", &DataType::Utf8),
    ]))
}

#[derive(Debug)]
struct ExplainFunction {
    engine: Engine,
}

impl TableFunctionImpl for ExplainFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let email = match args.exprs() {
            [Expr::Literal(value, _)] => value.try_as_str().flatten(),
            _ => None,
        };
        let Some(email) = email else {
            return plan_err!("{NAME}() takes an e-mail address: {NAME}('jane@acme.com')");
        };
        Ok(Arc::new(Explained { engine: self.engine.clone(), email: email.to_owned() }))
    }
}

#[derive(Debug)]
struct Explained {
    engine: Engine,
    email: String,
}

#[async_trait]
impl TableProvider for Explained {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        session: &dyn AnySession,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let settings = Settings::of(session.config_options())?.clone();
        let (engine, email) = (self.engine.clone(), self.email.clone());
        // A task of its own: the stack of a plan inside a plan would be deep.
        let steps = tokio::spawn(async move { steps(&engine, settings, &email).await });
        let steps = steps.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let steps = steps.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let plan = MemorySourceConfig::try_new_exec(&[vec![steps]], schema(), projection.cloned())?;
        Ok(plan)
    }
}
