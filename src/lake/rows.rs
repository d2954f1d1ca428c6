//! The rows of an append: known by key, in sort order, each key once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use datafusion::common::HashMap;

use super::spec::{KEY, TableSpec};
use crate::error::{Error, Result};

/// Which batch, which row of it.
pub(super) type Position = (usize, usize);

/// A list is searched, not walked through, if it is so many times longer than ours.
const LONGER: usize = 16;

/// Batches that somebody wants to append.
pub(super) struct Rows {
    batches: Vec<RecordBatch>,
    /// Every row whose key did not come before it, in sort order.
    sorted: Vec<Position>,
    /// The keys of `sorted` with their index there, in key order.
    by_key: Vec<(u128, u32)>,
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
        let (mut positions, mut by_key) = (Vec::with_capacity(total), Vec::with_capacity(total));
        for (number, batch) in batches.iter().enumerate() {
            for (row, key) in keys_of(batch.column(spec.key_index()?))?.into_iter().enumerate() {
                by_key.push((key, positions.len() as u32));
                positions.push((number, row));
            }
        }
        // Of rows with one key the first that came stays.
        by_key.sort_unstable();
        by_key.dedup_by_key(|(key, _)| *key);
        let order = order(spec, &batches)?;
        let mut arrivals: Vec<_> =
            by_key.iter().map(|(_, row)| (order[*row as usize], *row)).collect();
        arrivals.sort_unstable();
        let mut places = vec![0; total];
        for (place, (_, row)) in arrivals.iter().enumerate() {
            places[*row as usize] = place as u32;
        }
        by_key.iter_mut().for_each(|(_, row)| *row = places[*row as usize]);
        let sorted = arrivals.into_iter().map(|(_, row)| positions[row as usize]).collect();
        let times = time_extremes(spec, &batches)?;
        Ok(Self { batches, sorted, by_key, total, times })
    }

    /// How many rows came in, duplicates included.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Bytes of a row, one with another.
    pub(super) fn row_bytes(&self) -> usize {
        let bytes: usize = self.batches.iter().map(RecordBatch::get_array_memory_size).sum();
        bytes / self.total.max(1)
    }

    /// The rows whose key is in none of the sorted lists, in sort order.
    pub(super) fn not_in(&self, known: &[Arc<[u128]>]) -> Vec<Position> {
        let mut is_known = vec![false; self.sorted.len()];
        for keys in known {
            let mut rest = &keys[..];
            for (key, place) in &self.by_key {
                let skipped = match rest.len() / LONGER {
                    // Of about as many keys nearly each step is a short one.
                    few if few <= self.by_key.len() => rest.iter().position(|k| k >= key),
                    _ => Some(rest.partition_point(|k| k < key)),
                };
                rest = &rest[skipped.unwrap_or(rest.len())..];
                match rest.first() {
                    Some(next) => is_known[*place as usize] |= next == key,
                    None => break,
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

/// A number for each row that orders like the columns that the table is sorted by, NULL last.
fn order(spec: &TableSpec, batches: &[RecordBatch]) -> Result<Vec<u128>> {
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let mut order = vec![0; rows];
    for name in &spec.sort_by {
        let index = spec.schema.index_of(name)?;
        let columns: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(index)).collect();
        let is_text = *spec.schema.field(index).data_type() == DataType::Utf8;
        let (ranks, null) = if is_text {
            (text_ranks(&columns), 1_u128 << u32::BITS)
        } else {
            (time_ranks(&columns), 1_u128 << u64::BITS)
        };
        for (row, rank) in order.iter_mut().zip(ranks) {
            *row = *row * (null << 1) + rank.map_or(null, u128::from);
        }
    }
    Ok(order)
}

fn text_ranks(columns: &[&ArrayRef]) -> Vec<Option<u64>> {
    let texts = || columns.iter().flat_map(|column| column.as_string::<i32>());
    let mut places: HashMap<&str, u64> = HashMap::new();
    for text in texts().flatten() {
        places.entry(text).or_default();
    }
    let mut sorted: Vec<&str> = places.keys().copied().collect();
    sorted.sort_unstable();
    for (place, text) in (0..).zip(sorted) {
        places.insert(text, place);
    }
    texts().map(|text| text.map(|text| places[text])).collect()
}

fn time_ranks(columns: &[&ArrayRef]) -> Vec<Option<u64>> {
    let times = columns.iter().flat_map(|column| column.as_primitive::<TimestampMicrosecondType>());
    // With the other sign bit, numbers without sign order like those with one.
    times.map(|time| time.map(|time| time as u64 ^ 1 << 63)).collect()
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
