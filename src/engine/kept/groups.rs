//! Relations kept by group (`-- @keep groups of RELATION by COLUMN`): the rows of a group follow from
//! that group's rows in another kept relation, and from nothing else. A group whose rows there are
//! those of an earlier time keeps what it had; only the others are computed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::{ArrayRef, AsArray, Decimal128Array, RecordBatch};
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, Decimal128Type};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result, plan_datafusion_err, plan_err};
use datafusion::datasource::{MemTable, provider_as_source, source_as_provider};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use futures::TryStreamExt;

use super::result::{self, Kept};
use super::store::Generation;
use super::{Extent, KeptResults, KeptTable, reads};
use crate::engine::landed::LandedTable;
use crate::engine::partitions::of_each_partition;

/// Of which relation, by which of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    pub of: String,
    /// Its column of identity keys.
    pub by: String,
}

impl Groups {
    /// Reads `RELATION by COLUMN`.
    pub fn parse(text: &str) -> Option<Self> {
        let (of, by) = text.split_once(" by ")?;
        Some(Self { of: of.trim().to_owned(), by: by.trim().to_owned() })
    }
}

/// What the rows of each group come to: equal numbers are equal rows.
#[derive(Debug, Default)]
pub struct Digests(HashMap<i128, u128>);

const DIGEST_BYTES: usize = 2 * size_of::<u128>();

impl Digests {
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let (records, _) = bytes.as_chunks::<DIGEST_BYTES>();
        Self(records.iter().map(number_pair).collect())
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let records = self.0.iter();
        records
            .flat_map(|(key, digest)| [key.to_le_bytes(), digest.to_le_bytes()])
            .flatten()
            .collect()
    }

    /// Reads rows in any order; the keys of groups are in the column `by`.
    async fn read(mut rows: SendableRecordBatchStream, by: usize) -> Result<Self> {
        let schema = rows.schema();
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        let mut digests = Self::default();
        while let Some(batch) = rows.try_next().await? {
            let keys = batch.column(by).as_primitive_opt::<Decimal128Type>().ok_or_else(|| {
                plan_datafusion_err!("{} holds no identity keys", schema.field(by).name())
            })?;
            for (key, row) in keys.values().iter().zip(&converter.convert_columns(batch.columns())?)
            {
                let digest =
                    *blake3::hash(row.as_ref()).as_bytes().first_chunk().unwrap_or(&[0; 16]);
                digests.add(*key, u128::from_le_bytes(digest));
            }
        }
        Ok(digests)
    }

    fn add(&mut self, key: i128, digest: u128) {
        let sum = self.0.entry(key).or_default();
        *sum = sum.wrapping_add(digest);
    }

    /// The groups that are the same in the other, and those that are not.
    fn compare(&self, other: &Self) -> (Vec<i128>, Vec<i128>) {
        let keys = self.0.iter().map(|(key, digest)| (*key, other.0.get(key) == Some(digest)));
        let (same, new): (Vec<_>, Vec<_>) = keys.partition(|(_, is_same)| *is_same);
        let keys = |pairs: Vec<(i128, bool)>| pairs.into_iter().map(|(key, _)| key).collect();
        (keys(same), keys(new))
    }
}

fn number_pair(record: &[u8; DIGEST_BYTES]) -> (i128, u128) {
    let (key, digest) = record.split_at(size_of::<u128>());
    let number = |bytes: &[u8]| u128::from_le_bytes(*bytes.first_chunk().unwrap_or(&[0; 16]));
    (number(key) as i128, number(digest))
}

impl KeptTable {
    /// Fails on a relation that reads anything else.
    pub(super) fn check_groups(&self, of: &str) -> Result<()> {
        if !reads_only(&self.plan, of)? {
            return plan_err!(
                "{} is kept by groups of {of} and so may read nothing else",
                self.name
            );
        }
        Ok(())
    }

    pub(super) async fn find_or_compute_groups(
        &self,
        state: &SessionState,
        results: &KeptResults,
        key: &str,
        groups: &Groups,
    ) -> Result<Kept> {
        let started = Instant::now();
        let generations = results.store.generations(&self.name, key);
        let place = generations.place(&self.reads.fingerprint(key));
        if let Some(stored) = place.find() {
            return Ok(Kept { held: vec![], stored });
        }
        let digests = self.digests(state, groups).await?;
        let plan = match generations.newest() {
            Some(earlier) => self.going_on_from(earlier, &digests, groups, results)?,
            None => self.plan.clone(),
        };
        let physical = state.create_physical_plan(&plan).await?;
        let (context, place) = (state.task_ctx(), place.with_groups(&digests));
        result::compute(&self.name, physical, context, &self.schema, Some(place), started).await
    }

    async fn digests(&self, state: &SessionState, groups: &Groups) -> Result<Digests> {
        let source = source(&self.plan, &groups.of)?;
        let by = source.schema().index_of(&groups.by)?;
        let rows = scan(&groups.of, source)?.build()?;
        let plan = state.create_physical_plan(&rows).await?;
        let read = |_, rows| Digests::read(rows, by);
        let mut digests = Digests::default();
        for some in of_each_partition(plan, state.task_ctx(), read).await? {
            some.0.into_iter().for_each(|(key, digest)| digests.add(key, digest));
        }
        Ok(digests)
    }

    /// The plan that takes from an earlier result what is the same, if that is most.
    fn going_on_from(
        &self,
        earlier: Generation,
        digests: &Digests,
        groups: &Groups,
        results: &KeptResults,
    ) -> Result<LogicalPlan> {
        let (same, new) = digests.compare(&earlier.groups);
        tracing::debug!(relation = self.name, same = same.len(), new = new.len(), "groups");
        if same.len() <= new.len() {
            return Ok(self.plan.clone());
        }
        let rows = scan(&groups.of, source(&self.plan, &groups.of)?)?;
        let rows = of_groups(rows, &groups.by, new)?.build()?;
        let rows = Self::in_memory(&groups.of, rows, results)?;
        let mut replaced = HashMap::from([(groups.of.clone(), rows)]);
        let new = Self::reading(&self.plan, &mut replaced, results)?;
        let earlier = LandedTable::of_local_files(Arc::clone(&self.schema), earlier.files);
        let same = of_groups(scan(&self.name, Arc::new(earlier))?, &groups.by, same)?;
        same.union(new)?.build()
    }

    /// The plan over other relations than those of these names; what is kept in between is computed
    /// anew, too.
    fn reading(
        plan: &LogicalPlan,
        replaced: &mut Relations,
        results: &KeptResults,
    ) -> Result<LogicalPlan> {
        let rewritten = plan.clone().transform_up_with_subqueries(|node| {
            let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
            let provider = source_as_provider(&scan.source)?;
            let Some(kept) = provider.downcast_ref::<Self>() else {
                return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
            };
            let relation = match replaced.get(&kept.name) {
                Some(relation) => Arc::clone(relation),
                None => {
                    let plan = Self::reading(&kept.plan, replaced, results)?;
                    let relation = Self::in_memory(&kept.name, plan, results)?;
                    Arc::clone(replaced.entry(kept.name.clone()).or_insert(relation))
                }
            };
            scan.source = provider_as_source(relation);
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        })?;
        Ok(rewritten.data)
    }

    /// A relation that is computed once for one plan.
    fn in_memory(
        name: &str,
        plan: LogicalPlan,
        results: &KeptResults,
    ) -> Result<Arc<dyn TableProvider>> {
        let kept = Self::new(name.to_owned(), String::new(), plan, Extent::All)?;
        Ok(Arc::new(Self { own: Some(Arc::new(results.alone())), ..kept }))
    }
}

type Relations = HashMap<String, Arc<dyn TableProvider>>;

fn scan(name: &str, relation: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder> {
    LogicalPlanBuilder::scan(name, provider_as_source(relation), None)
}

/// The rows of these groups.
fn of_groups(rows: LogicalPlanBuilder, by: &str, keys: Vec<i128>) -> Result<LogicalPlanBuilder> {
    const KEY: &str = "group_key";
    let (precision, scale) = (DECIMAL128_MAX_PRECISION, 0);
    let keys =
        Decimal128Array::from_iter_values(keys).with_precision_and_scale(precision, scale)?;
    let keys = RecordBatch::try_from_iter([(KEY, Arc::new(keys) as ArrayRef)])?;
    let keys = MemTable::try_new(keys.schema(), vec![vec![keys]])?;
    let keys = scan("groups", Arc::new(keys))?.build()?;
    let on = (vec![Column::from_name(by)], vec![Column::from_name(KEY)]);
    rows.join(keys, JoinType::LeftSemi, on, None)
}

/// Where a plan, or a kept relation that it reads, reads the relation of that name.
fn source(plan: &LogicalPlan, name: &str) -> Result<Arc<dyn TableProvider>> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            match provider.downcast_ref::<KeptTable>() {
                Some(kept) if kept.name == name => found = Some(Arc::clone(&provider)),
                Some(kept) => found = source(&kept.plan, name).ok().or(found.take()),
                None => {}
            }
        }
        Ok(match found {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    })?;
    found.ok_or_else(|| plan_datafusion_err!("no kept relation {name} is read"))
}

/// Whether all that a plan says follows from the relation of that name.
fn reads_only(plan: &LogicalPlan, name: &str) -> Result<bool> {
    let mut is_so = true;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            is_so &= match provider.downcast_ref::<KeptTable>() {
                Some(kept) => kept.name == name || reads_only(&kept.plan, name)?,
                None => false,
            };
        }
        is_so &= !reads::asks_session(node)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(is_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_apart_by_their_rows() {
        let digests = |rows: &[(i128, u128)]| {
            let mut digests = Digests::default();
            rows.iter().for_each(|(key, digest)| digests.add(*key, *digest));
            Digests::of_bytes(&digests.to_bytes())
        };
        let earlier = digests(&[(1, 7), (1, 8), (2, 9), (4, u128::MAX)]);
        let now = digests(&[(1, 8), (2, 9), (2, 9), (3, 1), (1, 7), (-4, 5)]);
        let (same, mut new) = now.compare(&earlier);
        new.sort_unstable();
        assert_eq!((same, new), (vec![1], vec![-4, 2, 3]));
    }

    #[test]
    fn a_digest_that_was_cut_off_is_no_group() {
        let bytes = Digests(HashMap::from([(5, 6)])).to_bytes();
        assert_eq!(Digests::of_bytes(&bytes).0, HashMap::from([(5, 6)]));
        assert!(Digests::of_bytes(&bytes[1..]).0.is_empty());
    }
}
