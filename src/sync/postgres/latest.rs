//! The latest version of every row of a landed table: what a reading is held against.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::lake::Table;
use crate::sync::stripe::time_type;

/// The latest versions by row.
#[derive(Debug, Default)]
pub struct Latest {
    rows: HashMap<u128, Version>,
    /// Rows of this reading.
    seen: HashSet<u128>,
}

#[derive(Debug, Clone, Copy)]
struct Version {
    /// When it counts from, and when it was seen; the greatest is the latest.
    order: (i64, i64),
    /// What the row says; `None` if it is gone.
    content: Option<[u8; 16]>,
}

impl Latest {
    /// What the lake holds.
    pub async fn load(table: &Table) -> Result<Self> {
        let mut rows: HashMap<u128, Version> = HashMap::new();
        let columns = ["row_id", "known_from", "observed_at", "content_hash"];
        table
            .scan(&columns, |batch| {
                let (ids, known_from) = (column(&batch, "row_id")?, column(&batch, "known_from")?);
                let observed_at = column(&batch, "observed_at")?;
                let contents = column(&batch, "content_hash")?;
                let ids = ids.as_string::<i32>();
                let known_from = known_from.as_primitive::<TimestampMicrosecondType>();
                let observed_at = observed_at.as_primitive::<TimestampMicrosecondType>();
                let contents = contents.as_binary::<i32>();
                for row in 0..batch.num_rows() {
                    let content = contents.is_valid(row).then(|| contents.value(row));
                    let version = Version {
                        order: (known_from.value(row), observed_at.value(row)),
                        content: content.and_then(|bytes| bytes.try_into().ok()),
                    };
                    let known = rows.entry(hash(ids.value(row))).or_insert(version);
                    if version.order > known.order {
                        *known = version;
                    }
                }
                Ok(())
            })
            .await?;
        Ok(Self { rows, seen: HashSet::new() })
    }

    /// A row as it is now. If that is a new version, the moment it counts from: when it changed, if
    /// it tells and the version before is older; else when it was seen.
    pub fn see(
        &mut self,
        id: &str,
        content: [u8; 16],
        changed_at: Option<i64>,
        observed_at: i64,
    ) -> Option<i64> {
        let hash = hash(id);
        self.seen.insert(hash);
        let known = self.rows.get(&hash);
        if known.is_some_and(|known| known.content == Some(content)) {
            return None;
        }
        let changed_at = changed_at.map(|at| at.min(observed_at));
        let is_later = |at: &i64| known.is_none_or(|known| *at > known.order.0);
        let known_from = changed_at.filter(is_later).unwrap_or(observed_at);
        let version = Version { order: (known_from, observed_at), content: Some(content) };
        self.rows.insert(hash, version);
        Some(known_from)
    }

    /// The ids of rows that the lake has and this reading had not.
    pub async fn gone(&self, table: &Table) -> Result<Vec<String>> {
        let is_gone = |hash: &u128| {
            let is_there = self.rows.get(hash).is_some_and(|version| version.content.is_some());
            is_there && !self.seen.contains(hash)
        };
        if !self.rows.keys().any(&is_gone) {
            return Ok(vec![]);
        }
        let gone = Mutex::new(HashSet::new());
        table
            .scan(&["row_id"], |batch| {
                let ids = column(&batch, "row_id")?;
                for id in ids.as_string::<i32>().iter().flatten() {
                    if is_gone(&hash(id)) {
                        gone.lock().insert(id.to_owned());
                    }
                }
                Ok(())
            })
            .await?;
        let mut gone: Vec<String> = gone.into_inner().into_iter().collect();
        gone.sort_unstable();
        Ok(gone)
    }
}

/// A column of the log in the type that it is declared with, whoever wrote the file.
fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let column = batch.column_by_name(name);
    let column = column.ok_or_else(|| Error::new(format!("a landed table lacks {name}")))?;
    let declared = match name {
        "row_id" => DataType::Utf8,
        "content_hash" => DataType::Binary,
        _ => time_type(),
    };
    Ok(cast(column, &declared)?)
}

/// 128 bits that are the same for the same id.
fn hash(id: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_counts_from_its_change_or_from_when_it_was_seen() {
        let mut latest = Latest::default();
        assert_eq!(latest.see("1", [1; 16], Some(50), 100), Some(50));
        assert_eq!(latest.see("1", [1; 16], Some(50), 200), None);
        assert_eq!(latest.see("1", [2; 16], Some(150), 200), Some(150));
        // It changed, and its cursor did not say so.
        assert_eq!(latest.see("1", [3; 16], Some(150), 300), Some(300));
        // Back to what it was is a version of its own.
        assert_eq!(latest.see("1", [2; 16], Some(350), 400), Some(350));
        // A clock ahead of the server's does not make it known later than seen.
        assert_eq!(latest.see("2", [1; 16], Some(900), 400), Some(400));
        assert_eq!(latest.see("3", [1; 16], None, 400), Some(400));
    }
}
