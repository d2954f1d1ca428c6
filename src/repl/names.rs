//! What the session knows by name, read when first asked for and kept until something changes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use datafusion::catalog::information_schema::{INFORMATION_SCHEMA, INFORMATION_SCHEMA_TABLES};
use datafusion::common::TableReference;
use datafusion::common::utils::quote_identifier;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::dialect::Dialect;
use tokio::runtime::Handle;

use super::statements;

/// A completion may wait this long for a table's columns, which can lie behind a network.
const PATIENCE: Duration = Duration::from_secs(2);

/// A table or view, by its full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relation {
    pub catalog: String,
    pub schema: String,
    pub name: String,
}

/// A column and its type in SQL's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub data_type: String,
}

pub struct Names {
    ctx: SessionContext,
    runtime: Handle,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    relations: Option<Arc<Vec<Relation>>>,
    functions: Option<Arc<Vec<String>>>,
    columns: HashMap<TableReference, Arc<Vec<Column>>>,
}

impl Names {
    pub fn new(ctx: &SessionContext) -> Arc<Self> {
        let runtime = Handle::current();
        Arc::new(Self { ctx: ctx.clone(), runtime, known: Mutex::default() })
    }

    /// Reads everything anew when it is next asked for.
    pub fn forget(&self) {
        *self.known() = Known::default();
    }

    /// The dialect the session parses with. Asked anew each time: `SET` changes it.
    pub fn dialect(&self) -> Box<dyn Dialect> {
        statements::dialect_of(&self.ctx)
    }

    /// All relations, `information_schema` last.
    pub fn relations(&self) -> Arc<Vec<Relation>> {
        let mut known = self.known();
        known.relations.get_or_insert_with(|| Arc::new(read_relations(&self.ctx))).clone()
    }

    /// Schemas as they are typed: without the default catalog's name.
    pub fn schemas(&self) -> Vec<String> {
        let mut schemas = Vec::new();
        for relation in self.relations().iter() {
            let schema = self.typed_schema(relation);
            if !schemas.contains(&schema) {
                schemas.push(schema);
            }
        }
        schemas
    }

    /// Names of scalar, aggregate, window and table functions, sorted.
    pub fn functions(&self) -> Arc<Vec<String>> {
        let mut known = self.known();
        known.functions.get_or_insert_with(|| Arc::new(read_functions(&self.ctx))).clone()
    }

    /// Every option that `SET` takes.
    pub fn settings(&self) -> Vec<String> {
        let config = self.ctx.copied_config();
        let mut keys: Vec<String> =
            config.options().entries().into_iter().map(|entry| entry.key).collect();
        keys.sort();
        keys
    }

    /// A relation as it is typed: without the parts that are the session's defaults.
    pub fn typed(&self, relation: &Relation) -> String {
        let name = quote_identifier(&relation.name);
        let (catalog, schema) = self.defaults();
        if relation.catalog == catalog && relation.schema == schema {
            return name.into_owned();
        }
        format!("{}.{name}", self.typed_schema(relation))
    }

    fn typed_schema(&self, relation: &Relation) -> String {
        let schema = quote_identifier(&relation.schema);
        if relation.catalog == self.defaults().0 {
            return schema.into_owned();
        }
        format!("{}.{schema}", quote_identifier(&relation.catalog))
    }

    /// Default catalog and schema.
    pub fn defaults(&self) -> (String, String) {
        let config = self.ctx.copied_config();
        let catalog = &config.options().catalog;
        (catalog.default_catalog.clone(), catalog.default_schema.clone())
    }

    /// Columns of a relation; none if it is not there, is broken, or takes too long.
    ///
    /// Must not be called from an async task: it waits.
    pub fn columns(self: &Arc<Self>, relation: &TableReference) -> Arc<Vec<Column>> {
        if let Some(columns) = self.known().columns.get(relation) {
            return columns.clone();
        }
        let reading = tokio::time::timeout(PATIENCE, self.clone().read_columns(relation.clone()));
        self.runtime.block_on(reading).unwrap_or_default()
    }

    /// Columns if they are known already; else they are fetched for the next time.
    pub fn columns_at_hand(
        self: &Arc<Self>,
        relation: &TableReference,
    ) -> Option<Arc<Vec<Column>>> {
        let known = self.known().columns.get(relation).cloned();
        if known.is_none() {
            self.runtime.spawn(self.clone().read_columns(relation.clone()));
        }
        known
    }

    async fn read_columns(self: Arc<Self>, relation: TableReference) -> Arc<Vec<Column>> {
        let columns = match self.ctx.table_provider(relation.clone()).await {
            Ok(table) => {
                let schema = table.schema();
                let fields = schema.fields().iter();
                let columns = fields.map(|field| Column {
                    name: field.name().clone(),
                    data_type: super::describe::sql_type(field.data_type()),
                });
                Arc::new(columns.collect::<Vec<_>>())
            }
            // Nothing to offer is no failure of a completion; running the query tells the reason.
            Err(_) => Arc::default(),
        };
        self.known().columns.insert(relation, columns.clone());
        columns
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names only: reading them plans no view, so a broken one does no harm.
fn read_relations(ctx: &SessionContext) -> Vec<Relation> {
    let mut relations = Vec::new();
    for catalog_name in ctx.catalog_names() {
        let Some(catalog) = ctx.catalog(&catalog_name) else { continue };
        for schema_name in catalog.schema_names() {
            let Some(schema) = catalog.schema(&schema_name) else { continue };
            relations.extend(schema.table_names().into_iter().map(|name| Relation {
                catalog: catalog_name.clone(),
                schema: schema_name.clone(),
                name,
            }));
        }
    }
    relations.sort();
    let config = ctx.copied_config();
    if config.options().catalog.information_schema {
        relations.retain(|relation| relation.schema != INFORMATION_SCHEMA);
        relations.extend(INFORMATION_SCHEMA_TABLES.iter().map(|name| Relation {
            catalog: config.options().catalog.default_catalog.clone(),
            schema: INFORMATION_SCHEMA.to_owned(),
            name: (*name).to_owned(),
        }));
    }
    relations
}

fn read_functions(ctx: &SessionContext) -> Vec<String> {
    let state = ctx.state();
    let mut names: Vec<String> = state.scalar_functions().keys().cloned().collect();
    names.extend(state.aggregate_functions().keys().cloned());
    names.extend(state.window_functions().keys().cloned());
    names.extend(state.higher_order_functions().keys().cloned());
    names.extend(state.table_functions().keys().cloned());
    names.sort();
    names.dedup();
    names
}
