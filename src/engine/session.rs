//! The only maker of DataFusion sessions.

use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::MemTable;
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{FunctionRegistry, SendableRecordBatchStream};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};

use crate::engine::catalog::{self, Catalog, CatalogHandle};
use crate::engine::fence;
use crate::engine::functions;
use crate::engine::kept::KeptResults;
use crate::engine::options::SessionSettings;
use crate::engine::recall::Recall;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::library::SqlFile;
use paydirt_udfs::identity::Lists;

/// What one side of a join may be to be held whole.
const HELD_ROWS: usize = 4 << 20;
const HELD_BYTES: usize = 512 << 20;

/// Relations of one plan that are looked at together: kept ones are computed meanwhile.
const KEPT_AT_ONCE: usize = 4;

/// A DataFusion context whose every relation follows `paydirt.as_of`.
#[derive(Clone)]
pub struct Session {
    pub ctx: SessionContext,
    catalog: Arc<Catalog>,
}

impl Session {
    #[allow(clippy::disallowed_methods)]
    pub(super) fn new(
        settings: SessionSettings,
        catalog: Arc<Catalog>,
        kept: Arc<KeptResults>,
        recall: Option<Recall>,
        lists: Arc<Lists>,
        runtime: Arc<RuntimeEnv>,
    ) -> Result<Self> {
        let mut options = ConfigOptions::new();
        options.extensions.insert(settings);
        options.execution.time_zone = Some("UTC".into());
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        options.execution.planning_concurrency = KEPT_AT_ONCE;
        // Of two sides the smaller one is held whole: to spread both over the cores costs more.
        options.optimizer.hash_join_single_partition_threshold_rows = HELD_ROWS;
        options.optimizer.hash_join_single_partition_threshold = HELD_BYTES;
        options.sql_parser.collect_spans = true;
        let config = SessionConfig::from(options)
            .with_default_catalog_and_schema(catalog::NAME, "public")
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(!catalog.is_fenced())
            .with_extension(kept);
        let config = match recall {
            Some(recall) => config.with_extension(Arc::new(recall)),
            None => config,
        };
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .build();
        let mut ctx = SessionContext::new_with_state(state);
        datafusion_functions_json::register_all(&mut ctx)?;
        for function in paydirt_udfs::scalar_functions(lists) {
            ctx.register_udf(function);
        }
        for function in paydirt_udfs::aggregate_functions() {
            ctx.register_udaf(function);
        }
        for function in paydirt_udfs::window_functions() {
            ctx.register_udwf(function);
        }
        for function in functions::session_functions() {
            FunctionRegistry::register_udf(&mut ctx, function)?;
        }
        ctx.register_catalog(catalog::NAME, Arc::new(CatalogHandle(Arc::clone(&catalog))));
        catalog.bind(ctx.state_weak_ref());
        Ok(Self { ctx, catalog })
    }

    /// Runs one query that only reads.
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        Ok(self.frame(sql).await?.collect().await?)
    }

    /// Runs one query with named parameters (`$window`).
    pub async fn query_with(
        &self,
        sql: &str,
        parameters: Vec<(&str, ScalarValue)>,
    ) -> Result<Vec<RecordBatch>> {
        let parameters = ParamValues::from(named(parameters));
        Ok(self.frame(sql).await?.with_param_values(parameters)?.collect().await?)
    }

    /// Puts the result of a query with named parameters, which is kept, in front of a file of that
    /// name.
    pub async fn put_kept(
        &self,
        schema: &str,
        name: &str,
        file: &SqlFile,
        parameters: Vec<(&str, ScalarValue)>,
    ) -> Result<()> {
        let parameters = named(parameters);
        let variant = format!("{} {parameters:?}", file.sql_hash());
        let table = match self.catalog.variant(file, &variant) {
            Some(planned) => planned,
            None => {
                let parameters = ParamValues::from(parameters);
                let plan = self.frame(&file.text).await?.with_param_values(parameters)?;
                let (state, plan) = plan.into_parts();
                self.catalog.keep_variant(&state, file, variant, plan)?
            }
        };
        self.catalog.put(schema, name, table);
        Ok(())
    }

    /// Runs one query that only reads; rows come as they are made.
    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream> {
        Ok(self.frame(sql).await?.execute_stream().await?)
    }

    async fn frame(&self, sql: &str) -> Result<DataFrame> {
        Ok(self.ctx.sql_with_options(sql, read_only()).await?)
    }

    /// Plans a hypothesis and refuses what it may not use.
    pub async fn plan_fenced(&self, sql: &str) -> Result<LogicalPlan> {
        let frame = self.ctx.sql_with_options(sql, read_only()).await.map_err(Error::located)?;
        let plan = frame.into_unoptimized_plan();
        fence::refuse_volatile(&plan)?;
        Ok(plan)
    }

    /// Puts a table in memory, in front of a file of that name.
    pub fn put(&self, schema: &str, name: &str, batches: Vec<RecordBatch>) -> Result<()> {
        let Some(first) = batches.first() else {
            return Err(Error::new(format!("{schema}.{name} has no schema")));
        };
        let table = MemTable::try_new(first.schema(), vec![batches])?;
        self.catalog.put(schema, name, Arc::new(table));
        Ok(())
    }
}

fn named(parameters: Vec<(&str, ScalarValue)>) -> Vec<(String, ScalarValue)> {
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Queries only: no DDL, no COPY, no SET.
fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

/// Limits and caches shared by the sessions of one process.
pub(super) fn runtime(lake: &Lake) -> Result<Arc<RuntimeEnv>> {
    // Landed files never change and come from our own snapshots: nothing is listed, so nothing is
    // cached that a later landing would have to undo.
    let runtime = RuntimeEnvBuilder::new().with_object_list_cache_limit(0).build_arc()?;
    runtime.register_object_store(lake.url(), lake.store());
    Ok(runtime)
}
