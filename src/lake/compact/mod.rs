//! Compaction: many small files to few, sorted ones, in one commit that changes no row.
//!
//! Readers of an older snapshot keep their files until `vacuum` removes them. Writers that append
//! meanwhile are not disturbed: a compaction that finds its files replaced has lost and gives up.

mod encoding;
mod plan;
mod rewrite;
mod runs;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Remove};
use deltalake_core::protocol::DeltaOperation;
use object_store::path::Path;

use self::plan::{Draft, Plan};
use self::rewrite::{Rewrite, Written, discard};
use self::runs::Runs;
use super::TableSpec;
use super::append::{ATTEMPTS, is_conflict, pause};
use super::part::PART_BYTES;
use super::table::{DataFile, Table};
use crate::error::{Error, Result};

/// Rows of a row group: a question about one behaviour skips the others.
const GROUP_ROWS: usize = 128 << 10;
/// Another compaction at the same time is rare, a third one odd.
const PLANS: usize = 3;

/// How large things are to become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// A file of this many bytes is large enough.
    pub(super) full: u64,
    /// Spans of time are cut so that each file comes to about this many bytes.
    pub(super) target: u64,
    /// No file is larger than about this many bytes.
    pub(super) part: usize,
    /// What the runs of one merge may cost in memory.
    pub(super) merge_bytes: usize,
    /// How many runs a merge reads at most: each spilled one is an open file.
    pub(super) merge_runs: usize,
}

const SIZES: Sizes = Sizes {
    full: 64 << 20,
    target: 160 << 20,
    part: PART_BYTES,
    merge_bytes: 96 << 20,
    merge_runs: 100,
};

/// Told how far a compaction is: steps done, and steps in all.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// What a compaction has done to a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    pub files_before: usize,
    pub files_after: usize,
    pub bytes_before: u64,
    pub bytes_after: u64,
    pub rows: u64,
    /// Rows that were written anew; none when there was nothing to do.
    pub rewritten: u64,
}

impl Table {
    /// Merges small and overlapping files into few large ones, if that is worth it.
    ///
    /// Rows stay as they are: the commit is refused unless as many rows with the same keys were
    /// written as were read. After an error the same compaction can simply be made again.
    pub async fn compact(&mut self, progress: Progress) -> Result<Compacted> {
        self.compact_to(SIZES, progress).await
    }

    pub(super) async fn compact_to(
        &mut self,
        sizes: Sizes,
        progress: Progress,
    ) -> Result<Compacted> {
        self.lake.check_commits().await?;
        self.refresh().await?;
        let mut compacted = self.sizes();
        for _ in 0..PLANS {
            let plan = self.plan(sizes).await.map_err(|error| self.error(error))?;
            let Some((plan, runs)) = plan else { return Ok(compacted) };
            let rewrite = Rewrite::new(self, runs, plan, sizes, Arc::clone(&progress));
            let written = rewrite.run().await.map_err(|error| self.error(error))?;
            let replaced = self.replace(rewrite.inputs(), &written).await;
            if replaced.map_err(|error| self.error(error))? {
                let after = self.sizes();
                compacted.files_after = after.files_after;
                compacted.bytes_after = after.bytes_after;
                compacted.rows = after.rows;
                compacted.rewritten = rewrite.rows();
                return Ok(compacted);
            }
            discard(&self.lake, &written).await;
        }
        let busy = Error::new("another compaction replaces the files that this one reads");
        Err(self.error(busy.hint("let one process compact a table at a time")))
    }

    fn sizes(&self) -> Compacted {
        let files = self.files().len();
        let bytes = self.files().iter().map(|file| file.size).sum();
        Compacted {
            files_before: files,
            files_after: files,
            bytes_before: bytes,
            bytes_after: bytes,
            rows: self.rows(),
            rewritten: 0,
        }
    }

    async fn plan(&self, sizes: Sizes) -> Result<Option<(Plan, Arc<Runs>)>> {
        if self.delta.state.is_none() || self.files().len() < 2 {
            return Ok(None);
        }
        let spec = TableSpec { schema: self.stored_schema()?, ..(*self.spec).clone() };
        let runs = Arc::new(Runs::new(&self.lake, &spec, self.files(), sizes)?);
        let plan = if spec.split_by_time {
            plan_by_time(self.files(), &runs, sizes).await?
        } else {
            plan::plan_whole(self.files(), &sizes)
        };
        Ok(plan.map(|plan| (plan, runs)))
    }

    /// Every column that the table has, also those that a newer paydirt gave it.
    fn stored_schema(&self) -> Result<SchemaRef> {
        let state = self.delta.snapshot()?;
        let stored = state.schema();
        let fields = state
            .snapshot()
            .arrow_schema()
            .fields()
            .iter()
            .map(|field| {
                let name = field.name();
                let is_declared = match (stored.field(name), self.declared.field(name)) {
                    (Some(stored), Some(declared)) => stored.data_type() == declared.data_type(),
                    _ => false,
                };
                match self.spec.schema.field_with_name(name) {
                    Ok(declared) if is_declared => Arc::new(declared.clone()),
                    _ => in_our_words(field),
                }
            })
            .collect::<Fields>();
        Ok(Arc::new(Schema::new(fields)))
    }

    /// Commits the new files in place of the old ones; false when some of those are gone already.
    async fn replace(&mut self, old: &[DataFile], new: &[Written]) -> Result<bool> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
                self.refresh().await?;
            }
            // A store can report a commit as lost that it has in fact taken.
            if new.first().is_some_and(|part| self.has(&part.path)) {
                return Ok(true);
            }
            let Some(removed) = self.removals(old)? else { return Ok(false) };
            let added = new.iter().map(|part| Action::Add(part.add.clone()));
            let actions = removed.into_iter().map(Action::Remove).chain(added).collect();
            if self.commit_rewrite(actions).await? {
                return Ok(true);
            }
        }
        Err(Error::new(format!("{ATTEMPTS} commits in a row lost against other writers")))
    }

    fn has(&self, path: &Path) -> bool {
        self.files().iter().any(|file| file.path == *path)
    }

    /// The actions that take the files out of the table, or `None` when it lacks one of them.
    fn removals(&self, files: &[DataFile]) -> Result<Option<Vec<Remove>>> {
        let paths: HashSet<&Path> = files.iter().map(|file| &file.path).collect();
        let folder = self.folder();
        let removals: Vec<Remove> = self
            .delta
            .snapshot()?
            .log_data()
            .iter()
            .filter(|view| {
                let path = view.object_store_path();
                let path: Path = folder.parts().chain(path.parts()).collect();
                paths.contains(&path)
            })
            .map(|view| view.remove_action(false))
            .collect();
        Ok((removals.len() == files.len()).then_some(removals))
    }

    async fn commit_rewrite(&mut self, actions: Vec<Action>) -> Result<bool> {
        let operation =
            DeltaOperation::Optimize { predicate: None, target_size: PART_BYTES as i64 };
        let base = self.delta.state.clone();
        // The library would not see that another compaction removed the same files.
        let prepared = CommitBuilder::from(CommitProperties::default().with_max_retries(0))
            .with_actions(actions)
            .build(base.as_ref().map(|state| state as _), self.delta.log_store(), operation)
            .into_prepared_commit_future()
            .await?;
        let committed = match prepared.await {
            Ok(committed) => committed,
            Err(error) if is_conflict(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.delta.state = Some(self.settle(committed).await?);
        self.read_state().await?;
        Ok(true)
    }
}

async fn plan_by_time(files: &[DataFile], runs: &Runs, sizes: Sizes) -> Result<Option<Plan>> {
    let Some(draft) = Draft::new(files, sizes) else { return Ok(None) };
    let loose = runs.hours(&draft.loose).await?;
    let stretches = draft.stretches(&loose);
    let mut spans = Vec::new();
    for stretch in &stretches {
        let mut rows = loose.clone();
        if stretch.files > 1 {
            rows.merge(&runs.hours(&stretch.settled).await?);
        }
        spans.extend(stretch.spans(&rows));
    }
    Ok(draft.plan(stretches, spans))
}

/// A column that we do not declare, with lists named as everywhere in our files.
fn in_our_words(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(item) => {
            let item = in_our_words(item);
            DataType::List(Arc::new(
                item.as_ref().clone().with_name(Field::LIST_FIELD_DEFAULT_NAME),
            ))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(in_our_words).collect()),
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}
