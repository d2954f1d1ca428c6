//! The landed tables of a project as relations, each at the snapshot it had when it was first asked
//! for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use datafusion::catalog::TableProvider;
use tokio::sync::OnceCell;

use crate::engine::landed::LandedTable;
use crate::engine::versions::VersionTable;
use crate::error::Result;
use crate::lake::{Lake, Table, TableSpec};

/// The schema of Stripe's logs as they count at the as-of time.
pub const VERSIONS: &str = "stripe_as_of";

/// The landed tables of a project, at the snapshot that was current when they were first asked for.
#[derive(Debug)]
pub struct LogTables {
    lake: Lake,
    specs: HashMap<String, TableSpec>,
    opened: Mutex<HashMap<String, Arc<OnceCell<Opened>>>>,
}

/// A table at its snapshot, and the versions of it that count.
#[derive(Debug, Clone)]
struct Opened {
    table: Table,
    landed: Arc<LandedTable>,
    versions: Arc<VersionTable>,
}

impl LogTables {
    /// `specs` are named `<schema>/<table>`.
    pub fn new(lake: Lake, specs: Vec<TableSpec>) -> Self {
        let specs = specs.into_iter().map(|spec| (spec.name.clone(), spec)).collect();
        Self { lake, specs, opened: Mutex::default() }
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    pub fn specs(&self) -> impl Iterator<Item = &TableSpec> {
        self.specs.values()
    }

    /// Table names of one schema, sorted.
    pub fn names(&self, schema: &str) -> Vec<String> {
        let split = self.specs.keys().filter_map(|name| name.split_once('/'));
        let mut names: Vec<String> = split
            .filter(|(folder, _)| *folder == schema)
            .map(|(_, table)| table.to_owned())
            .collect();
        names.sort();
        names
    }

    pub fn contains(&self, schema: &str, table: &str) -> bool {
        self.specs.contains_key(&format!("{schema}/{table}"))
    }

    /// Sees what was committed to the tables of a schema since.
    pub fn refresh(&self, schema: &str) {
        let prefix = format!("{schema}/");
        self.opened().retain(|name, _| !name.starts_with(&prefix));
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<String, Arc<OnceCell<Opened>>>> {
        self.opened.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The relation, or `None` where no such table is declared. One without files is empty.
    pub async fn provider(
        &self,
        schema: &str,
        table: &str,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let (folder, is_versions) = match schema {
            VERSIONS => ("stripe_log", true),
            other => (other, false),
        };
        let Some(spec) = self.specs.get(&format!("{folder}/{table}")) else { return Ok(None) };
        let opened = self.open(spec).await?;
        Ok(Some(if is_versions { opened.versions } else { opened.landed }))
    }

    /// The table itself, at the same snapshot.
    pub async fn table(&self, spec: &TableSpec) -> Result<Table> {
        Ok(self.open(spec).await?.table)
    }

    async fn open(&self, spec: &TableSpec) -> Result<Opened> {
        let cell = Arc::clone(self.opened().entry(spec.name.clone()).or_default());
        let open = async || {
            let table = self.lake.table(spec).await?;
            let landed = Arc::new(LandedTable::new(&self.lake, spec, table.files())?);
            let versions = Arc::new(VersionTable::new(Arc::clone(&landed)));
            Ok(Opened { table, landed, versions })
        };
        cell.get_or_try_init(open).await.cloned()
    }
}
