//! Results beside the lake, in `data/cache`: a folder a relation, in it a folder a result with one
//! Parquet file a partition. A result's name says what it was made of, so that it is never out of
//! date; the folder can be deleted at any time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use object_store::path::Path as ObjectPath;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tempfile::TempDir;

use crate::engine::landed::LandedTable;

/// What takes less than this is computed again.
const WORTH: Duration = Duration::from_millis(200);
/// Results kept of a relation, the newest: those of both modes and of some as-of times.
const RESULTS: usize = 12;
/// Rows that one core reads at a time.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// A folder of results.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// What else the results depend on: the program, the SQL, the project's settings.
    salt: blake3::Hash,
    worth: Duration,
}

impl Store {
    pub fn new(folder: PathBuf, salt: blake3::Hash) -> Self {
        Self { folder, salt, worth: WORTH }
    }

    /// The same folder, for every result, however little it took.
    pub fn of_everything(&self) -> Self {
        Self { folder: self.folder.clone(), salt: self.salt, worth: Duration::ZERO }
    }

    /// Where the result with that fingerprint is, or would be.
    pub fn place(&self, relation: &str, fingerprint: &blake3::Hash) -> Place {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.salt.as_bytes());
        hasher.update(fingerprint.as_bytes());
        let name = hasher.finalize().to_hex()[..32].to_owned();
        Place { folder: self.folder.join(relation), name, worth: self.worth }
    }
}

/// The place of one result.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    name: String,
    worth: Duration,
}

impl Place {
    /// The result, if it is there and whole.
    pub fn find(&self, schema: &SchemaRef) -> Option<LandedTable> {
        let mut files = vec![];
        for entry in fs::read_dir(self.folder.join(&self.name)).ok()? {
            let entry = entry.ok()?;
            let path = ObjectPath::from_absolute_path(entry.path()).ok()?;
            files.push((path, entry.metadata().ok()?.len()));
        }
        Some(LandedTable::of_local_files(Arc::clone(schema), files))
    }

    /// Ready to write, unless Parquet cannot hold such rows or the folder cannot be written to.
    pub fn begin(self, schema: &SchemaRef) -> Option<Writing> {
        ArrowSchemaConverter::new().convert(schema).ok()?;
        let begun = fs::create_dir_all(&self.folder)
            .and_then(|()| tempfile::Builder::new().prefix(".").tempdir_in(&self.folder));
        match begun {
            Ok(draft) => Some(Writing { place: self, draft, schema: schema.clone() }),
            Err(error) => {
                tracing::debug!(folder = %self.folder.display(), %error, "cannot store results");
                None
            }
        }
    }

    /// Deletes all results but the newest.
    fn tidy(&self) -> io::Result<()> {
        let mut results: Vec<(SystemTime, PathBuf)> = vec![];
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            results.push((entry.metadata()?.modified()?, entry.path()));
        }
        results.sort();
        let surplus = results.len().saturating_sub(RESULTS);
        results.drain(..surplus).try_for_each(|(_, path)| fs::remove_dir_all(path))
    }
}

/// A result that is being written, into a folder that goes away with it.
#[derive(Debug)]
pub struct Writing {
    place: Place,
    draft: TempDir,
    schema: SchemaRef,
}

impl Writing {
    pub fn is_worth(&self, elapsed: Duration) -> bool {
        elapsed >= self.place.worth
    }

    pub fn writer(&self, partition: usize) -> Result<ArrowWriter<File>> {
        let path = self.draft.path().join(format!("{partition}.parquet"));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        Ok(ArrowWriter::try_new(File::create(path)?, self.schema.clone(), Some(properties))?)
    }

    pub fn close(&self, writer: ArrowWriter<File>) -> Result<()> {
        Ok(writer.into_inner()?.sync_all()?)
    }

    /// Puts the result in its place, where another run may have been first.
    pub fn commit(self) -> Result<LandedTable> {
        let target = self.place.folder.join(&self.place.name);
        let draft = self.draft.keep();
        if let Err(error) = fs::rename(&draft, &target) {
            fs::remove_dir_all(&draft)?;
            if !target.is_dir() {
                return Err(error.into());
            }
        }
        if let Err(error) = self.place.tidy() {
            tracing::debug!(folder = %self.place.folder.display(), %error, "cannot tidy results");
        }
        self.place.find(&self.schema).ok_or_else(|| lost(&target))
    }
}

fn lost(target: &Path) -> datafusion::common::DataFusionError {
    let error = io::Error::new(io::ErrorKind::NotFound, format!("{} is gone", target.display()));
    error.into()
}
