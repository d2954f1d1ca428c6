//! `identity_explain('jane@acme.com')`: why an address is linked to an account or is not, as a
//! relation with a row for each step.

use std::sync::Arc;

use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue, plan_err};
use futures::FutureExt;

use crate::engine::computed::{Computed, text_argument};
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
        let Some(email) = text_argument(&args) else {
            return plan_err!("{NAME}() takes an e-mail address: {NAME}('jane@acme.com')");
        };
        let (engine, email) = (self.engine.clone(), email.to_owned());
        let compute = move |settings| {
            let (engine, email) = (engine.clone(), email.clone());
            async move { steps(&engine, settings, &email).await }.boxed()
        };
        Ok(Arc::new(Computed { schema: schema(), compute: Box::new(compute) }))
    }
}
