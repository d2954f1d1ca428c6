//! The keys of committed files: read once, kept while there is room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deltalake_core::logstore::parquet_reader::ParquetObjectReader;
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};

use super::rows::keys_of;
use super::spec::KEY;
use crate::error::Result;

/// How many keys are kept at most: 16 bytes each, 64 MiB in all.
const CAPACITY: usize = 4 << 20;

/// Sorted keys by file. A file never changes, so an entry is right for as long as it is kept.
#[derive(Debug)]
pub(super) struct KeyCache {
    capacity: usize,
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    by_path: HashMap<Path, Entry>,
    keys: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    keys: Arc<[u128]>,
    used: u64,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl KeyCache {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { capacity, files: Mutex::default() }
    }

    /// The sorted keys of a file of `size` bytes.
    pub(super) async fn load(
        &self,
        store: &Arc<dyn ObjectStore>,
        path: &Path,
        size: u64,
    ) -> Result<Arc<[u128]>> {
        if let Some(keys) = self.get(path) {
            return Ok(keys);
        }
        let keys = read(store, path, size).await?;
        self.insert(path.clone(), Arc::clone(&keys));
        Ok(keys)
    }

    fn get(&self, path: &Path) -> Option<Arc<[u128]>> {
        let mut files = self.files();
        files.clock += 1;
        let now = files.clock;
        let entry = files.by_path.get_mut(path)?;
        entry.used = now;
        Some(Arc::clone(&entry.keys))
    }

    /// Keeps the keys of a file and drops the files that were used longest ago.
    pub(super) fn insert(&self, path: Path, keys: Arc<[u128]>) {
        if keys.len() > self.capacity {
            return;
        }
        let mut files = self.files();
        files.clock += 1;
        files.keys += keys.len();
        let entry = Entry { keys, used: files.clock };
        if let Some(replaced) = files.by_path.insert(path, entry) {
            files.keys -= replaced.keys.len();
        }
        while files.keys > self.capacity {
            let oldest = files.by_path.iter().min_by_key(|(_, entry)| entry.used);
            let Some(path) = oldest.map(|(path, _)| path.clone()) else { break };
            if let Some(dropped) = files.by_path.remove(&path) {
                files.keys -= dropped.keys.len();
            }
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        // Every change leaves the map whole, so a panic elsewhere has not spoilt it.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(store: &Arc<dyn ObjectStore>, path: &Path, size: u64) -> Result<Arc<[u128]>> {
    let reader = ParquetObjectReader::new(Arc::clone(store), path.clone()).with_file_size(size);
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
    let only_key = ProjectionMask::columns(builder.parquet_schema(), [KEY]);
    let mut batches = builder.with_projection(only_key).with_batch_size(64 << 10).build()?;
    let mut keys = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        keys.extend(keys_of(batch.column(0))?);
    }
    keys.sort_unstable();
    Ok(keys.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_used_longest_ago_makes_room() {
        let cache = KeyCache::with_capacity(4);
        cache.insert("a".into(), [1, 2].into());
        cache.insert("b".into(), [3, 4].into());
        assert!(cache.get(&"a".into()).is_some());
        cache.insert("c".into(), [5].into());
        assert!(cache.get(&"b".into()).is_none());
        assert_eq!(cache.get(&"a".into()).as_deref(), Some(&[1, 2][..]));
        assert_eq!(cache.get(&"c".into()).as_deref(), Some(&[5][..]));
        cache.insert("d".into(), [0; 5].into());
        assert!(cache.get(&"d".into()).is_none());
        assert_eq!(cache.files().keys, 3);
    }
}
