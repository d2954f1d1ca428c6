//! The rows of an append: known by key, in sort order, each key once.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{self, SortOptions};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};

use super::spec::{KEY, TableSpec};
use crate::error::{Error, Result};

/// Which batch, which row of it.
pub(super) type Position = (usize, usize);

/// Batches that somebody wants to append.
pub(super) struct Rows {
    batches: Vec<RecordBatch>,
    /// Every row whose key did not come before it, in sort order.
    sorted: Vec<Position>,
    /// The keys of `sorted` with their index there, in key order.
    by_key: Vec<(u128, usize)>,
    total: usize,
    /// Extremes of the time column in µs; `None` without that column or when some time is NULL.
    pub(super) times: Option<(i64, i64)>,
}

impl Rows {
    /// Takes batches whose columns are the declared ones in any order; a column that is missing is
    /// NULL. Fails on a column of another type or name and on a key that has not 16 bytes.
    pub(super) fn new(spec: &TableSpec, batches: Vec<RecordBatch>) -> Result<Self> {
        let batches: Vec<RecordBatch> = batches
            .into_iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| align(spec, &batch))
            .collect::<Result<_>>()?;
        let total = batches.iter().map(RecordBatch::num_rows).sum();
        let mut keyed: Vec<(u128, Position)> = Vec::with_capacity(total);
        let mut seen = HashSet::with_capacity(total);
        for (number, batch) in batches.iter().enumerate() {
            for (row, key) in keys_of(batch.column(spec.key_index()?))?.into_iter().enumerate() {
                if seen.insert(key) {
                    keyed.push((key, (number, row)));
                }
            }
        }
        sort(spec, &batches, &mut keyed)?;
        let sorted = keyed.iter().map(|(_, position)| *position).collect();
        let mut by_key: Vec<_> =
            keyed.into_iter().enumerate().map(|(index, (key, _))| (key, index)).collect();
        by_key.sort_unstable();
        let times = time_extremes(spec, &batches)?;
        Ok(Self { batches, sorted, by_key, total, times })
    }

    /// How many rows came in, duplicates included.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// The rows whose key is in none of the sorted lists, in sort order.
    pub(super) fn not_in(&self, known: &[Arc<[u128]>]) -> Vec<Position> {
        let mut is_known = vec![false; self.sorted.len()];
        for keys in known {
            // Search the longer list for the entries of the shorter one.
            if keys.len() < self.by_key.len() {
                for key in keys.iter() {
                    if let Ok(at) = self.by_key.binary_search_by_key(key, |(key, _)| *key) {
                        is_known[self.by_key[at].1] = true;
                    }
                }
            } else {
                for (key, index) in &self.by_key {
                    is_known[*index] |= keys.binary_search(key).is_ok();
                }
            }
        }
        let rows = self.sorted.iter().zip(is_known);
        rows.filter(|(_, is_known)| !is_known).map(|(position, _)| *position).collect()
    }

    /// The rows at the positions, in their order, as one batch.
    pub(super) fn gather(&self, positions: &[Position]) -> Result<RecordBatch> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        Ok(compute::interleave_record_batch(&batches, positions)?)
    }
}

/// The keys of a column of 16-byte binary values.
pub(super) fn keys_of(column: &ArrayRef) -> Result<Vec<u128>> {
    // Other writers may have rewritten a file with another binary type.
    let column = compute::cast(column, &DataType::Binary)?;
    let keys = column.as_binary::<i32>().iter().map(|bytes| {
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            Error::new(format!("column '{KEY}' holds a value that has not 16 bytes"))
        })?;
        Ok(u128::from_be_bytes(bytes))
    });
    keys.collect()
}

fn align(spec: &TableSpec, batch: &RecordBatch) -> Result<RecordBatch> {
    let given = batch.schema();
    if let Some(field) =
        given.fields().iter().find(|field| spec.schema.index_of(field.name()).is_err())
    {
        return Err(Error::new(format!("column '{}' is not declared", field.name())));
    }
    let columns =
        spec.schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
            None => Ok(arrow::array::new_null_array(field.data_type(), batch.num_rows())),
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => Err(Error::new(format!(
                "column '{}' is declared as {} and came as {}",
                field.name(),
                field.data_type(),
                column.data_type()
            ))),
        });
    Ok(RecordBatch::try_new(Arc::clone(&spec.schema), columns.collect::<Result<_>>()?)?)
}

/// Sorts ascending, NULL last; rows that are alike keep the order they came in.
fn sort(spec: &TableSpec, batches: &[RecordBatch], keyed: &mut [(u128, Position)]) -> Result<()> {
    let indices: Vec<usize> =
        spec.sort_by.iter().map(|name| spec.schema.index_of(name)).collect::<Result<_, _>>()?;
    if indices.is_empty() {
        return Ok(());
    }
    let options = SortOptions { descending: false, nulls_first: false };
    let fields = indices
        .iter()
        .map(|index| {
            SortField::new_with_options(spec.schema.field(*index).data_type().clone(), options)
        })
        .collect();
    let converter = RowConverter::new(fields)?;
    let comparable = batches
        .iter()
        .map(|batch| {
            let columns: Vec<ArrayRef> =
                indices.iter().map(|index| Arc::clone(batch.column(*index))).collect();
            converter.convert_columns(&columns)
        })
        .collect::<Result<Vec<_>, _>>()?;
    keyed.sort_by(|(_, left), (_, right)| {
        comparable[left.0].row(left.1).cmp(&comparable[right.0].row(right.1))
    });
    Ok(())
}

fn time_extremes(spec: &TableSpec, batches: &[RecordBatch]) -> Result<Option<(i64, i64)>> {
    let Some(index) = spec.time_index()? else { return Ok(None) };
    let mut extremes: Option<(i64, i64)> = None;
    for batch in batches {
        let times = batch.column(index).as_primitive::<TimestampMicrosecondType>();
        if times.null_count() > 0 {
            return Ok(None);
        }
        if let (Some(min), Some(max)) = (compute::min(times), compute::max(times)) {
            let (low, high) = extremes.unwrap_or((min, max));
            extremes = Some((low.min(min), high.max(max)));
        }
    }
    Ok(extremes)
}
