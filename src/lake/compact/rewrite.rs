//! Carries out a plan: its files are read, merged and written anew, by as many workers as there are
//! cores for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deltalake_core::kernel::Add;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::encoding::properties;
use super::plan::Plan;
use super::runs::{Run, Runs, Tally};
use super::{Progress, Sizes};
use crate::error::{Error, Result};
use crate::lake::part::{PartWriter, on_a_task};
use crate::lake::table::{DataFile, Table};
use crate::lake::{Lake, TableSpec};

/// Each worker costs memory of its own.
const MAX_WORKERS: usize = 4;

/// A part that is written and not yet committed.
pub(super) struct Written {
    pub(super) path: Path,
    pub(super) add: Add,
}

/// A plan, and how far it is carried out.
pub(super) struct Rewrite {
    lake: Lake,
    folder: Path,
    /// With every column that the table has.
    spec: TableSpec,
    runs: Arc<Runs>,
    plan: Plan,
    part_bytes: usize,
    written: Tally,
    progress: Progress,
    steps_done: AtomicU64,
    steps: u64,
}

impl Rewrite {
    pub(super) fn new(
        table: &Table,
        runs: Arc<Runs>,
        plan: Plan,
        sizes: Sizes,
        progress: Progress,
    ) -> Arc<Self> {
        let divided = plan.inputs.iter().filter(|file| plan.only_destination(file).is_none());
        let steps = divided.chain(&plan.inputs).map(|file| file.rows).sum();
        Arc::new(Self {
            lake: table.lake.clone(),
            folder: table.folder(),
            spec: TableSpec { schema: Arc::clone(&runs.schema), ..(*table.spec).clone() },
            runs,
            plan,
            part_bytes: sizes.part,
            written: Tally::default(),
            progress,
            steps_done: AtomicU64::new(0),
            steps,
        })
    }

    pub(super) fn inputs(&self) -> &[DataFile] {
        &self.plan.inputs
    }

    /// Rows of the plan's files, as the log counts them.
    pub(super) fn rows(&self) -> u64 {
        self.plan.inputs.iter().map(|file| file.rows).sum()
    }

    /// Writes the new files; fails unless they hold all rows of the old ones, and no others.
    pub(super) async fn run(self: &Arc<Self>) -> Result<Vec<Written>> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
        let mut runs: Vec<Vec<Run>> = Vec::new();
        runs.resize_with(self.plan.destinations(), Vec::new);
        let mut divided = Vec::new();
        for file in &self.plan.inputs {
            match self.plan.only_destination(file) {
                Some(destination) => runs[destination].push(Run::File(file.clone())),
                None => divided.push(Arc::clone(self).divide(file.clone())),
            }
        }
        let spilled: Vec<Vec<(usize, Run)>> =
            stream::iter(divided).buffered(workers).try_collect().await?;
        for (destination, run) in spilled.into_iter().flatten() {
            runs[destination].push(run);
        }
        let outputs: Vec<_> = runs
            .into_iter()
            .enumerate()
            .filter(|(_, runs)| !runs.is_empty())
            .map(|(destination, runs)| Arc::clone(self).write(destination, runs))
            .collect();
        let written: Vec<Vec<Written>> =
            stream::iter(outputs).buffered(workers).try_collect().await?;
        let written: Vec<Written> = written.into_iter().flatten().collect();
        self.check(&written).await?;
        Ok(written)
    }

    async fn check(&self, written: &[Written]) -> Result<()> {
        let (read, rows) = (&self.runs.read, self.rows());
        if read.rows() == rows && read.is_same(&self.written) {
            return Ok(());
        }
        discard(&self.lake, written).await;
        Err(Error::new(format!(
            "{rows} rows are in the log, {} were read and {} written; nothing was changed",
            read.rows(),
            self.written.rows()
        ))
        .hint("a file of the table is not what the log says of it"))
    }

    /// Spills a file whose rows go to several places.
    async fn divide(self: Arc<Self>, file: DataFile) -> Result<Vec<(usize, Run)>> {
        on_a_task(async move {
            let spilled = self.runs.distribute(&file, &self.plan).await?;
            self.report(file.rows);
            Ok(spilled)
        })
        .await
    }

    /// Merges the runs of one destination into as many parts as they need.
    async fn write(self: Arc<Self>, destination: usize, runs: Vec<Run>) -> Result<Vec<Written>> {
        on_a_task(async move {
            let mut batches = Arc::clone(&self.runs).merged(runs).await?;
            let mut written = Vec::new();
            let mut open: Option<PartWriter> = None;
            while let Some(batch) = batches.try_next().await? {
                let part = match &mut open {
                    Some(part) => part,
                    none => none.insert(self.open(destination)?),
                };
                part.write(&batch).await?;
                self.report(batch.num_rows() as u64);
                if part.size() >= self.part_bytes
                    && let Some(full) = open.take()
                {
                    written.push(self.close(full).await?);
                }
            }
            if let Some(last) = open {
                written.push(self.close(last).await?);
            }
            Ok(written)
        })
        .await
    }

    fn report(&self, rows: u64) {
        let before = self.steps_done.fetch_add(rows, Ordering::Relaxed);
        (self.progress)(before + rows, self.steps);
    }

    fn open(&self, destination: usize) -> Result<PartWriter> {
        let name = DataFile::new_name(self.plan.is_settled(destination));
        let properties = properties(&self.spec)?;
        PartWriter::create(&self.lake.store, &self.folder, &self.spec, name, properties)
    }

    async fn close(&self, part: PartWriter) -> Result<Written> {
        let part = part.close(&self.lake.store).await?;
        self.written.add(&part.keys);
        let mut add = part.add();
        add.data_change = false;
        // No commit names it yet; if none ever does, the entry only takes room until it is dropped.
        self.lake.keys.insert(part.path.clone(), part.keys);
        Ok(Written { path: part.path, add })
    }
}

/// Deletes parts that no commit names; what stays behind is for `vacuum`.
pub(super) async fn discard(lake: &Lake, parts: &[Written]) {
    for part in parts {
        if let Err(error) = lake.store.delete(&part.path).await {
            tracing::debug!(path = %part.path, %error, "an unused part stays behind");
        }
    }
}
