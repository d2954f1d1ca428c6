//! The landed tables of a project as relations, each at the snapshot it had when it was first asked
//! for.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use tokio::sync::Mutex;

use crate::engine::landed::LandedTable;
use crate::engine::versions::VersionTable;
use crate::error::Result;
use crate::lake::{Lake, TableSpec};

/// The schema of Stripe's logs as they count at the as-of time.
pub const VERSIONS: &str = "stripe_as_of";

/// The landed tables of a project, at the snapshot that was current when they were first asked for.
#[derive(Debug)]
pub struct LogTables {
    lake: Lake,
    specs: HashMap<String, TableSpec>,
    opened: Mutex<HashMap<String, Opened>>,
}

/// A table at its snapshot, and the versions of it that count.
#[derive(Debug, Clone)]
struct Opened {
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
    pub async fn refresh(&self, schema: &str) {
        let prefix = format!("{schema}/");
        self.opened.lock().await.retain(|name, _| !name.starts_with(&prefix));
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
        let Some(opened) = self.open(&format!("{folder}/{table}")).await? else { return Ok(None) };
        Ok(Some(if is_versions { opened.versions } else { opened.landed }))
    }

    async fn open(&self, name: &str) -> Result<Option<Opened>> {
        let Some(spec) = self.specs.get(name) else { return Ok(None) };
        let mut all = self.opened.lock().await;
        if let Some(opened) = all.get(name) {
            return Ok(Some(opened.clone()));
        }
        let table = self.lake.table(spec).await?;
        let landed = Arc::new(LandedTable::new(&self.lake, spec, table.files())?);
        let versions = Arc::new(VersionTable::new(Arc::clone(&landed)));
        let opened = Opened { landed, versions };
        all.insert(name.to_owned(), opened.clone());
        Ok(Some(opened))
    }
}
