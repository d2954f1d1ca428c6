//! Appending: new rows to Parquet files, then one commit that makes them the table's.

use std::sync::Arc;
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{
    CommitBuilder, CommitProperties, PostCommit, TransactionError,
};
use deltalake_core::kernel::{Action, MetadataExt, Protocol, Transaction, new_metadata};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use object_store::ObjectStoreExt;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::part::{PART_BYTES, Part, on_a_task};
use super::rows::{Position, Rows};
use super::table::Table;
use crate::error::{Error, Result};

/// Each time one of the writers wins, so this many losses in a row mean a crowd.
pub(super) const ATTEMPTS: u32 = 64;

/// What a commit says besides its rows.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Where applications have come to, by their names, given back by [`Table::transaction`] for
    /// good.
    pub positions: Vec<(String, i64)>,
    /// Free notes in the Delta history. They go when the log is cleaned, 30 days on.
    pub metadata: Map<String, Value>,
}

/// What an append has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Rows that are new in the table.
    pub rows: u64,
    /// Rows left out because their key was there already, or came twice.
    pub duplicates: u64,
}

/// Parts that wait for their commit, and the rows in them.
#[derive(Default)]
struct Staged {
    rows: Vec<Position>,
    parts: Vec<Part>,
}

impl Table {
    /// Appends the rows whose key the table does not have, in one atomic commit.
    ///
    /// Without a new row it commits only what `commit` says, or nothing when it has no position. Other writers may append at the same time: nothing is lost and nothing doubled.
    /// After an error the same append can simply be made again. Columns that the batches lack are
    /// NULL; columns of the wrong type are an error.
    pub async fn append(&mut self, batches: Vec<RecordBatch>, commit: Commit) -> Result<Appended> {
        self.lake.check_commits().await?;
        // On a task of its own, so that whoever reads the next rows goes on.
        let spec = Arc::clone(&self.spec);
        let sorted = on_a_task(async move { Rows::new(&spec, batches) }).await;
        let rows = Arc::new(sorted.map_err(|error| self.error(error))?);
        let mut staged = Staged::default();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            self.refresh().await?;
            let is_committed = self.advance(&rows, &mut staged, &commit).await;
            if is_committed.map_err(|error| self.error(error))? {
                let written = staged.rows.len() as u64;
                return Ok(Appended { rows: written, duplicates: rows.total() as u64 - written });
            }
        }
        let crowd = Error::new(format!("{ATTEMPTS} commits in a row lost against other writers"));
        Err(self.error(crowd.hint("let fewer processes write to the same table")))
    }

    /// One attempt; false when somebody else committed first.
    async fn advance(
        &mut self,
        rows: &Arc<Rows>,
        staged: &mut Staged,
        commit: &Commit,
    ) -> Result<bool> {
        // A store can report a commit as lost that it has in fact taken.
        if self.holds(&staged.parts) {
            return Ok(true);
        }
        self.stage(rows, staged).await?;
        if staged.rows.is_empty() && commit.positions.is_empty() {
            return Ok(true);
        }
        self.commit(&staged.parts, commit).await
    }

    /// Whether a commit has taken these parts: all of them, as it is one commit.
    fn holds(&self, parts: &[Part]) -> bool {
        parts.first().is_some_and(|part| self.files().iter().any(|file| file.path == part.path))
    }

    /// Writes the rows that the table, as we know it, does not have; what is staged already stays
    /// if it still holds just those rows.
    async fn stage(&self, rows: &Arc<Rows>, staged: &mut Staged) -> Result<()> {
        let known = self.key_lists(self.near(rows)).await?;
        let fresh = rows.not_in(&known);
        if fresh == staged.rows {
            return Ok(());
        }
        for part in std::mem::take(&mut staged.parts) {
            // No commit names it, so a leftover costs room and nothing else.
            if let Err(error) = self.lake.store.delete(&part.path).await {
                tracing::debug!(path = %part.path, %error, "an unused part stays behind");
            }
        }
        let (store, folder) = (&self.lake.store, self.folder());
        staged.parts = Part::write(store, &folder, &self.spec, rows, &fresh, PART_BYTES).await?;
        staged.rows = fresh;
        Ok(())
    }

    /// The times between which a row of the table can have the key of one of these rows.
    fn near(&self, rows: &Rows) -> Option<(i64, i64)> {
        let (min, max) = rows.times?;
        let margin = i64::try_from(self.spec.repeats_within?.as_micros()).unwrap_or(i64::MAX);
        Some((min.saturating_sub(margin), max.saturating_add(margin)))
    }

    /// Commits on top of the state we know; false when somebody else was first.
    async fn commit(&mut self, parts: &[Part], commit: &Commit) -> Result<bool> {
        let mut properties = CommitProperties::default()
            .with_metadata(commit.metadata.clone())
            // A retry in there would not look again for rows that the winner has written.
            .with_max_retries(0);
        for (application, version) in &commit.positions {
            let position = Transaction::new(application, *version);
            properties = properties.with_application_transaction(position);
        }
        let mut actions = self.definition()?;
        actions.extend(parts.iter().map(|part| Action::Add(part.add())));
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let base = self.delta.state.clone();
        let prepared = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(base.as_ref().map(|state| state as _), self.delta.log_store(), operation)
            .into_prepared_commit_future()
            .await?;
        let committed = match prepared.await {
            Ok(committed) => committed,
            Err(error) if is_conflict(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        for part in parts {
            self.lake.keys.insert(part.path.clone(), part.keys.clone());
        }
        self.delta.state = Some(self.settle(committed).await?);
        self.read_state().await?;
        Ok(true)
    }

    /// The actions that create the table or add the columns it lacks; none when it is as declared.
    fn definition(&self) -> Result<Vec<Action>> {
        let Some(state) = &self.delta.state else {
            let protocol: Protocol =
                serde_json::from_value(json!({ "minReaderVersion": 1, "minWriterVersion": 2 }))
                    .map_err(|error| Error::new(error.to_string()))?;
            let statistics = match &self.spec.time_column {
                Some(column) => ("delta.dataSkippingStatsColumns", column.as_str()),
                None => ("delta.dataSkippingNumIndexedCols", "0"),
            };
            let metadata = new_metadata(&self.declared, [""; 0], [statistics])
                .and_then(|metadata| metadata.with_name(self.spec.name.clone()))
                .map_err(DeltaTableError::from)?;
            return Ok(vec![Action::Protocol(protocol), Action::Metadata(metadata)]);
        };
        let Some(grown) = &self.grown else { return Ok(Vec::new()) };
        let metadata =
            state.metadata().clone().with_schema(grown).map_err(DeltaTableError::from)?;
        Ok(vec![Action::Metadata(metadata)])
    }

    /// The state after a commit. Every hundredth commit leaves a checkpoint; one that fails is made
    /// up for by the next, and does not undo the commit.
    pub(super) async fn settle(&self, committed: PostCommit) -> Result<DeltaTableState> {
        let version = committed.version;
        match committed.await {
            Ok(settled) => Ok(settled.snapshot),
            Err(error) => {
                tracing::warn!(table = self.spec.name, version, %error, "no checkpoint was written");
                let log = self.delta.log_store();
                Ok(DeltaTableState::try_new(&log, Some(version)).await?)
            }
        }
    }
}

pub(super) fn is_conflict(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::VersionAlreadyExists(_)
                    | TransactionError::MaxCommitAttempts(_)
                    | TransactionError::CommitConflict(_)
            }
    )
}

/// Longer with every loss, and different for every writer.
pub(super) fn pause(attempt: u32) -> Duration {
    let longest = 5_u64 << attempt.min(7);
    let random = (Uuid::new_v4().as_u128() as u64) % longest;
    Duration::from_millis(longest / 2 + random)
}
