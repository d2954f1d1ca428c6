//! What the rows of a file say in sum, kept in the log beside the file: a question about a whole
//! table is answered without reading it.

use std::collections::{BTreeMap, HashMap};

use arrow::record_batch::RecordBatch;
use deltalake_core::kernel::Add;
use object_store::path::Path;
use serde::Deserialize;
use serde_json::json;

use super::table::{DataFile, Table};
use crate::error::Result;

/// The tag of an add action that holds the marks.
const TAG: &str = "paydirt.marks";

/// How the marks of rows are made. Both hold for any split of the rows into batches.
#[derive(Debug, Clone, Copy)]
pub struct Marking {
    /// The columns that it takes; one that a batch lacks is NULL.
    pub columns: &'static [&'static str],
    pub of: fn(&RecordBatch) -> Result<Marks>,
}

/// Latest moments and counts by name. Of two sets of rows together the later moment holds, and the
/// sum of the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Marks {
    /// µs.
    #[serde(default)]
    latest: BTreeMap<String, i64>,
    #[serde(default)]
    counts: BTreeMap<String, u64>,
}

/// A file, and what its rows say.
#[derive(Debug, Clone)]
pub struct Marked {
    pub file: DataFile,
    /// When it was written, µs.
    pub written_at: i64,
    /// `None` if whoever wrote it made no marks.
    pub marks: Option<Marks>,
}

impl Marks {
    /// Takes note of a moment, if there is one.
    pub fn see(&mut self, name: &str, at: Option<i64>) {
        let Some(at) = at else { return };
        match self.latest.get_mut(name) {
            Some(latest) => *latest = at.max(*latest),
            None => drop(self.latest.insert(name.to_owned(), at)),
        }
    }

    pub fn count(&mut self, name: &str, rows: u64) {
        if rows > 0 {
            *self.counts.entry(name.to_owned()).or_default() += rows;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        other.latest.iter().for_each(|(name, at)| self.see(name, Some(*at)));
        other.counts.iter().for_each(|(name, rows)| self.count(name, *rows));
    }

    /// The latest moment of that name, µs.
    pub fn latest(&self, name: &str) -> Option<i64> {
        self.latest.get(name).copied()
    }

    pub fn counted(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    pub fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, rows)| (name.as_str(), *rows))
    }

    /// As the tags of an add action.
    pub(super) fn to_tags(&self) -> HashMap<String, Option<String>> {
        let text = json!({ "latest": self.latest, "counts": self.counts }).to_string();
        HashMap::from([(TAG.to_owned(), Some(text))])
    }

    /// What the tags of an add action say, if they can be read.
    fn of_tags(add: &Add) -> Option<Self> {
        let text = add.tags.as_ref()?.get(TAG)?.as_ref()?;
        serde_json::from_str(text).ok()
    }
}

impl Table {
    /// The files of the table with the marks that the log has of them. Nothing of the files is read.
    pub fn marked(&self) -> Result<Vec<Marked>> {
        let Some(state) = &self.delta.state else { return Ok(vec![]) };
        let folder = self.folder();
        let mut adds: HashMap<Path, Add> = HashMap::new();
        for view in state.log_data().iter() {
            let path = view.object_store_path();
            let path = folder.parts().chain(path.parts()).collect();
            // There is no other way to the tags.
            #[allow(deprecated)]
            adds.insert(path, view.add_action());
        }
        let marked = self.files().iter().filter_map(|file| {
            let add = adds.get(&file.path)?;
            let written_at = add.modification_time.saturating_mul(1_000);
            Some(Marked { file: file.clone(), written_at, marks: Marks::of_tags(add) })
        });
        Ok(marked.collect())
    }

    /// Reads a file for its marks; none where the table is not marked.
    pub async fn read_marks(&self, file: &DataFile) -> Result<Marks> {
        let mut marks = Marks::default();
        if let Some(marking) = self.spec.marking {
            self.scan_file(file, marking.columns, |batch| {
                marks.merge(&(marking.of)(&batch)?);
                Ok(())
            })
            .await
            .map_err(|error| self.error(error))?;
        }
        Ok(marks)
    }
}
