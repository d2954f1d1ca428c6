//! Relations kept by file. A part is the result for some landed files, stored under their names; the
//! result of all files is the rows of parts that together are about each file once. A new file makes a
//! new part, and files that a compaction wrote take the place of parts about those it read.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;

use super::KeptTable;
use super::result::{self, Kept};
use super::store::{Covering, Store};
use crate::engine::landed::LandedTable;

/// How many bytes of landed files one part is about: what it takes to compute it is bounded.
const PART_BYTES: u64 = 256 << 20;

impl KeptTable {
    pub(super) async fn find_or_compute_parts(
        &self,
        state: &SessionState,
        store: &Store,
        key: &str,
    ) -> Result<Kept> {
        let files = landed_files(&self.plan)?;
        let parts = store.parts(&self.name, key);
        let names: HashSet<&str> = files.iter().map(name_of).collect();
        let mut kept = Kept::default();
        let mut covered: HashSet<String> = HashSet::new();
        for Covering { files, part } in parts.find(&names) {
            if files.iter().all(|file| !covered.contains(file)) {
                covered.extend(files);
                kept.stored.extend(part);
            }
        }
        let new: Vec<&PartitionedFile> =
            files.iter().filter(|file| !covered.contains(name_of(file))).collect();
        for some in pieces(new) {
            let started = Instant::now();
            let names: HashSet<&str> = some.iter().map(|file| name_of(file)).collect();
            let plan = state.create_physical_plan(&with_files(&self.plan, &names)?).await?;
            let place = parts.place(&names);
            let context = state.task_ctx();
            let part =
                result::compute(&self.name, plan, context, &self.schema, Some(place), started);
            let Kept { held, stored } = part.await?;
            kept.held.extend(held);
            kept.stored.extend(stored);
        }
        Ok(kept)
    }
}

/// All landed files that a plan reads.
fn landed_files(plan: &LogicalPlan) -> Result<Vec<PartitionedFile>> {
    let mut files = vec![];
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(landed) = source_as_provider(&scan.source)?.downcast_ref::<LandedTable>()
        {
            files.extend(landed.files().iter().cloned());
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(files)
}

/// The plan over these of its files.
fn with_files(plan: &LogicalPlan, names: &HashSet<&str>) -> Result<LogicalPlan> {
    let rewritten = plan.clone().transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        let provider = source_as_provider(&scan.source)?;
        let Some(landed) = provider.downcast_ref::<LandedTable>() else {
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        };
        let files = landed.files().iter().filter(|file| names.contains(name_of(file))).cloned();
        let landed = landed.with_files(files.collect());
        scan.source = provider_as_source(Arc::new(landed));
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    })?;
    Ok(rewritten.data)
}

fn name_of(file: &PartitionedFile) -> &str {
    file.object_meta.location.as_ref()
}

/// Files that are computed together.
fn pieces(files: Vec<&PartitionedFile>) -> Vec<Vec<&PartitionedFile>> {
    let mut pieces: Vec<Vec<&PartitionedFile>> = vec![];
    let mut bytes = u64::MAX;
    for file in files {
        bytes = bytes.saturating_add(file.object_meta.size);
        match pieces.last_mut() {
            Some(piece) if bytes <= PART_BYTES => piece.push(file),
            _ => {
                pieces.push(vec![file]);
                bytes = file.object_meta.size;
            }
        }
    }
    pieces
}
