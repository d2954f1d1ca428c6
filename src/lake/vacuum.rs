//! Vacuum: deletes files that the table has let go of, once no reader can still want them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::table::Table;
use crate::clock;
use crate::error::{Error, Result};
use crate::time::DAY_US;

/// How long after a file was replaced readers of older snapshots still find it.
pub const RETAINED: Duration = Duration::from_secs(7 * 86_400);
/// A file that no commit names may be part of an append that is still under way.
const UNDER_WAY_US: i64 = DAY_US;

/// What a vacuum has deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    pub files: usize,
    pub bytes: u64,
}

impl Table {
    /// Deletes data files that were replaced longer ago than `retain`, and those that crashes left
    /// behind. Other files in the table's folder stay.
    pub async fn vacuum(&mut self, retain: Duration) -> Result<Vacuumed> {
        // A checkpoint forgets what was removed a week ago: such a file looks like one that no
        // commit ever named, and only its age protects it.
        if retain > RETAINED {
            return Err(Error::new("replaced files are kept for 7 days at most")
                .hint("a week is how long the log of a table tells when they were replaced"));
        }
        self.refresh().await?;
        let unwanted = self.unwanted(retain).await.map_err(|error| self.error(error))?;
        let mut vacuumed = Vacuumed::default();
        let sizes: HashMap<Path, u64> =
            unwanted.into_iter().map(|object| (object.location, object.size)).collect();
        let paths: Vec<_> = sizes.keys().cloned().map(Ok).collect();
        let mut deleted = self.lake.store.delete_stream(stream::iter(paths).boxed());
        while let Some(path) = deleted.next().await {
            match path {
                Ok(path) => {
                    vacuumed.files += 1;
                    vacuumed.bytes += sizes.get(&path).copied().unwrap_or_default();
                }
                // Another vacuum was first.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(vacuumed)
    }

    async fn unwanted(&self, retain: Duration) -> Result<Vec<ObjectMeta>> {
        let Some(state) = &self.delta.state else { return Ok(Vec::new()) };
        let folder = self.folder();
        let retain_us = i64::try_from(retain.as_micros()).unwrap_or(i64::MAX);
        let now = clock::now_us();
        let mut removed_at: HashMap<Path, i64> = HashMap::new();
        let log = self.delta.log_store();
        let mut tombstones = state.all_tombstones(&log);
        while let Some(tombstone) = tombstones.try_next().await? {
            let path = Path::parse(tombstone.path().as_ref()).map_err(object_store::Error::from)?;
            let at = tombstone.deletion_timestamp().unwrap_or_default().saturating_mul(1_000);
            removed_at.insert(folder.parts().chain(path.parts()).collect(), at);
        }
        let live: HashSet<&Path> = self.files().iter().map(|file| &file.path).collect();
        let listed = self.lake.store.list_with_delimiter(Some(&folder)).await?;
        let is_unwanted = |object: &ObjectMeta| {
            if live.contains(&object.location) || !is_part(&object.location) {
                return false;
            }
            match removed_at.get(&object.location) {
                Some(at) => now - at >= retain_us,
                None => {
                    let age = now - object.last_modified.timestamp_micros();
                    age >= retain_us.max(UNDER_WAY_US)
                }
            }
        };
        Ok(listed.objects.into_iter().filter(is_unwanted).collect())
    }
}

/// Whether a file is named like those that we write.
fn is_part(path: &Path) -> bool {
    path.filename().is_some_and(|name| name.starts_with("part-") && name.ends_with(".parquet"))
}
