//! What a kept relation depends on: the settings that it asks a session for, and the landed files
//! that it is made of.

use std::collections::BTreeSet;

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

use super::KeptTable;
use crate::engine::functions;
use crate::engine::landed::LandedTable;
use crate::engine::versions::VersionTable;

/// Tables in memory that follow from `paydirt.toml` alone.
const OF_PROJECT: &str = "identity";

/// What a plan, or a kept relation that it reads, depends on.
#[derive(Debug, Clone)]
pub struct Reads {
    pub time: bool,
    /// Mode, and what else a session believes.
    pub settings: bool,
    /// The least confidence of links.
    pub confidence: bool,
    /// Whether all of it comes from landed files and the project.
    pub is_storable: bool,
    /// Whether nothing but landed tables is read, as they are.
    is_direct: bool,
    /// The landed tables, each told by its files.
    tables: BTreeSet<[u8; 32]>,
}

impl Reads {
    fn nothing() -> Self {
        Self {
            time: false,
            settings: false,
            confidence: false,
            is_storable: true,
            is_direct: true,
            tables: BTreeSet::new(),
        }
    }

    pub fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut reads = Self::nothing();
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                reads.add_scan(scan);
            }
            reads.add_functions(node)
        })?;
        Ok(reads)
    }

    fn add_functions(&mut self, node: &LogicalPlan) -> Result<TreeNodeRecursion> {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(function) = part {
                    self.add_function(function.func.name());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    }

    /// Whether rows of one file say the same whatever else is there.
    pub fn is_of_files_alone(&self) -> bool {
        self.is_direct && self.is_storable && !self.is_of_session()
    }

    /// The same for the same key over the same files.
    pub fn fingerprint(&self, key: &str) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(key.as_bytes());
        for table in &self.tables {
            hasher.update(table);
        }
        hasher.finalize()
    }

    fn add_scan(&mut self, scan: &TableScan) {
        let Ok(provider) = source_as_provider(&scan.source) else {
            self.is_storable = false;
            return;
        };
        if let Some(versions) = provider.downcast_ref::<VersionTable>() {
            self.time = true;
            self.settings = true;
            self.tables.insert(versions.log().digest());
        } else if let Some(kept) = provider.downcast_ref::<KeptTable>() {
            self.add(&kept.reads);
        } else if let Some(landed) = provider.downcast_ref::<LandedTable>() {
            self.tables.insert(landed.digest());
            return;
        } else if scan.table_name.schema() != Some(OF_PROJECT) {
            self.is_storable = false;
        }
        self.is_direct = false;
    }

    fn add(&mut self, other: &Self) {
        self.time |= other.time;
        self.settings |= other.settings;
        self.confidence |= other.confidence;
        self.is_storable &= other.is_storable;
        self.tables.extend(&other.tables);
    }

    fn is_of_session(&self) -> bool {
        self.time || self.settings || self.confidence
    }

    fn add_function(&mut self, name: &str) {
        self.time |= functions::OF_TIME.contains(&name);
        self.settings |= functions::OF_SETTINGS.contains(&name);
        self.confidence |= functions::OF_CONFIDENCE.contains(&name);
    }
}

/// Whether a node of a plan asks the session something by itself.
pub fn asks_session(node: &LogicalPlan) -> Result<bool> {
    let mut reads = Reads::nothing();
    reads.add_functions(node)?;
    Ok(reads.is_of_session())
}
