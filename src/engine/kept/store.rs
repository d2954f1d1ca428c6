//! Results beside the lake, in `data/cache`: a folder a relation, in it a folder a result with one
//! Parquet file a partition. A result's name says what it was made of, so that it is never out of
//! date; the folder can be deleted at any time.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use object_store::path::Path as ObjectPath;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tempfile::TempDir;

use super::groups::Digests;
use crate::engine::landed::local_file;

/// What takes less than this is computed again.
const WORTH: Duration = Duration::from_millis(200);
/// Results kept of a relation, the newest: those of both modes and of some as-of times.
const RESULTS: usize = 12;
/// Rows that one core reads at a time.
const ROW_GROUP_ROWS: usize = 128 << 10;
/// No session reads a part for longer after its landed files are gone.
const STILL_READ: Duration = Duration::from_secs(86_400);
/// The file beside a part that names the landed files it is about.
const COVERS: &str = "covers.txt";
/// The file beside a result that is kept by group: what it was made of.
const GROUPS: &str = "groups.bin";

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
        let name = self.salted(fingerprint.as_bytes());
        Place { folder: self.folder.join(relation), name, worth: self.worth, beside: None }
    }

    /// Where the results of a relation that is kept by group are, for that key.
    pub fn generations(&self, relation: &str, key: &str) -> Generations<'_> {
        let folder = self.folder.join(relation).join(self.salted(key.as_bytes()));
        Generations { store: self, folder }
    }

    /// Where the parts of a relation's result with that key are.
    pub fn parts(&self, relation: &str, key: &str) -> Parts {
        let folder = self.folder.join(relation);
        Parts { folder: folder.join(self.salted(key.as_bytes())), worth: self.worth }
    }

    fn salted(&self, text: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.salt.as_bytes());
        hasher.update(text);
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// Results of one relation over data of different times.
pub struct Generations<'a> {
    store: &'a Store,
    folder: PathBuf,
}

/// One of them, and what it was made of.
pub struct Generation {
    pub groups: Digests,
    pub files: Vec<PartitionedFile>,
}

impl Generations<'_> {
    pub fn place(&self, fingerprint: &blake3::Hash) -> Place {
        let name = self.store.salted(fingerprint.as_bytes());
        Place { folder: self.folder.clone(), name, worth: self.store.worth, beside: None }
    }

    /// The last that was made and can be read.
    pub fn newest(&self) -> Option<Generation> {
        let modified =
            |folder: &PathBuf| fs::metadata(folder).and_then(|meta| meta.modified()).ok();
        let newest = whole_folders(&self.folder).max_by_key(modified)?;
        let groups = Digests::of_bytes(&fs::read(newest.join(GROUPS)).ok()?);
        Some(Generation { groups, files: stored_files(&newest)? })
    }
}

/// A folder of results for some landed files each.
#[derive(Debug)]
pub struct Parts {
    folder: PathBuf,
    worth: Duration,
}

/// A part, and the landed files that it is about.
pub struct Covering {
    pub files: Vec<String>,
    pub part: Vec<PartitionedFile>,
}

impl Parts {
    /// The parts about files that are all among these; those about most come first. Others are about
    /// files that are gone, and deleted after a while.
    pub fn find(&self, names: &HashSet<&str>) -> Vec<Covering> {
        let covers = |files: &[String]| files.iter().all(|file| names.contains(file.as_str()));
        let (whole, gone): (Vec<_>, Vec<_>) = self.all().partition(|(_, files)| covers(files));
        gone.iter().for_each(|(folder, _)| forget(folder));
        let whole = whole.into_iter();
        let mut found: Vec<Covering> = whole
            .filter_map(|(folder, files)| Some(Covering { part: stored_files(&folder)?, files }))
            .collect();
        found.sort_by(|a, b| (b.files.len(), &a.files).cmp(&(a.files.len(), &b.files)));
        found
    }

    /// Where the part about these files is, or would be.
    pub fn place(&self, names: &HashSet<&str>) -> Place {
        let mut covers: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        covers.sort_unstable();
        let covers = covers.join("\n");
        let name = blake3::hash(covers.as_bytes()).to_hex()[..32].to_owned();
        let beside = Some((COVERS, covers.into_bytes()));
        Place { folder: self.folder.clone(), name, worth: self.worth, beside }
    }

    fn all(&self) -> impl Iterator<Item = (PathBuf, Vec<String>)> + use<> {
        whole_folders(&self.folder).filter_map(|folder| {
            let covers = fs::read_to_string(folder.join(COVERS)).ok()?;
            Some((folder, covers.lines().map(str::to_owned).collect()))
        })
    }
}

/// Results in a folder; a name with a dot is a draft, which may go at any moment.
fn whole_folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let folders = fs::read_dir(folder).into_iter().flatten().flatten();
    let whole = folders.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    whole.map(|entry| entry.path())
}

/// Deletes a part, unless it is young: whoever looked at the lake before its files went may read it.
fn forget(folder: &Path) {
    let modified = fs::metadata(folder).and_then(|meta| meta.modified());
    let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STILL_READ));
    if is_old && let Err(error) = fs::remove_dir_all(folder) {
        tracing::debug!(folder = %folder.display(), %error, "cannot tidy results");
    }
}

/// The files of a result, if it is there and whole.
fn stored_files(folder: &Path) -> Option<Vec<PartitionedFile>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        if entry.file_name() != COVERS && entry.file_name() != GROUPS {
            let path = ObjectPath::from_absolute_path(entry.path()).ok()?;
            files.push(local_file(path, entry.metadata().ok()?.len()));
        }
    }
    Some(files)
}

/// The place of one result.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    name: String,
    worth: Duration,
    /// A file beside the rows, and what it says.
    beside: Option<(&'static str, Vec<u8>)>,
}

impl Place {
    /// The files of the result, if it is there and whole.
    pub fn find(&self) -> Option<Vec<PartitionedFile>> {
        stored_files(&self.folder.join(&self.name))
    }

    /// With what the result is made of told beside it.
    #[must_use]
    pub fn with_groups(self, groups: &Digests) -> Self {
        Self { beside: Some((GROUPS, groups.to_bytes())), ..self }
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
}

/// Deletes all results in a folder but the newest.
fn tidy(folder: &Path) -> io::Result<()> {
    let mut results: Vec<(SystemTime, PathBuf)> = vec![];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        results.push((entry.metadata()?.modified()?, entry.path()));
    }
    results.sort();
    let surplus = results.len().saturating_sub(RESULTS);
    results.drain(..surplus).try_for_each(|(_, path)| fs::remove_dir_all(path))
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
    pub fn commit(self) -> Result<Vec<PartitionedFile>> {
        let target = self.place.folder.join(&self.place.name);
        if let Some((name, text)) = &self.place.beside {
            fs::write(self.draft.path().join(name), text)?;
        }
        let draft = self.draft.keep();
        if let Err(error) = fs::rename(&draft, &target) {
            fs::remove_dir_all(&draft)?;
            if !target.is_dir() {
                return Err(error.into());
            }
        }
        let folders = match self.place.beside {
            Some((COVERS, _)) => 0,
            // Those of other settings, and of other versions of the program, lie beside the folder.
            Some(_) => 2,
            None => 1,
        };
        for folder in self.place.folder.ancestors().take(folders) {
            if let Err(error) = tidy(folder) {
                tracing::debug!(folder = %folder.display(), %error, "cannot tidy results");
            }
        }
        self.place.find().ok_or_else(|| lost(&target))
    }
}

fn lost(target: &Path) -> datafusion::common::DataFusionError {
    let error = io::Error::new(io::ErrorKind::NotFound, format!("{} is gone", target.display()));
    error.into()
}
