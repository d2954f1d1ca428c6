//! The lake: Delta Lake tables in any object store, appended to atomically and never doubled.
//!
//! A row is known by its `key`; appending the same row again changes nothing. A commit holds its
//! rows, the schema they need and the position of the sync that brought them, or nothing at all.

mod append;
mod commits;
mod compact;
mod keys;
mod marks;
mod part;
mod reader;
mod rows;
mod scan;
mod schema;
mod spec;
mod table;
#[cfg(test)]
mod tests;
mod vacuum;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use deltalake_core::DeltaTableError;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use url::Url;

use crate::bucket;
use crate::error::{Error, Result};

pub use append::{Appended, Commit};
pub use compact::{Compacted, Progress};
pub use marks::{Marked, Marking, Marks};
pub use part::writer_properties;
pub use reader::FileReaders;
pub use spec::TableSpec;
pub use table::{DataFile, Table};
pub use vacuum::{RETAINED, Vacuumed};

use keys::KeyCache;

/// The format this binary writes. A lake with a higher number is refused.
const FORMAT: u32 = 1;
pub const FORMAT_FILE: &str = "paydirt.json";
const LOG_FOLDER: &str = "_delta_log";

/// Whether a local folder is a lake.
pub fn is_lake(folder: &FilePath) -> bool {
    folder.join(FORMAT_FILE).is_file()
}

/// Where a lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    Folder(PathBuf),
    /// A URL such as `s3://bucket/folder`.
    Bucket(String),
}

impl From<&FilePath> for Location {
    fn from(folder: &FilePath) -> Self {
        Self::Folder(folder.to_owned())
    }
}

/// A folder of tables, local or in a bucket. Cloning is cheap and shares the cache of known keys.
#[derive(Clone, Debug)]
pub struct Lake {
    url: Url,
    root: Path,
    store: Arc<dyn ObjectStore>,
    keys: Arc<KeyCache>,
    /// Filled once the store is known to keep commits apart.
    keeps_apart: Arc<OnceCell<()>>,
}

/// What `paydirt.json` holds.
#[derive(Serialize, Deserialize)]
struct Format {
    format: u32,
}

impl Lake {
    /// Opens the lake and makes it if it is not there. Fails when the folder cannot be made, the
    /// bucket cannot be reached or a newer paydirt wrote it.
    pub async fn open(location: impl Into<Location>) -> Result<Self> {
        match location.into() {
            Location::Folder(folder) => Self::in_folder(&folder).await,
            Location::Bucket(url) => {
                let bucket = bucket::open(&url)?;
                Self::with_store(bucket.store, bucket.url).await
            }
        }
    }

    async fn in_folder(folder: &FilePath) -> Result<Self> {
        let unusable = |error: std::io::Error| {
            Error::new(format!("cannot open the lake {}: {error}", folder.display()))
                .hint("name a folder that you may write to")
        };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let folder = folder.canonicalize().map_err(unusable)?;
        let url = Url::from_directory_path(&folder).map_err(|()| {
            Error::new(format!("the lake {} has no absolute path", folder.display()))
        })?;
        Self::with_store(Arc::new(LocalFileSystem::new()), url).await
    }

    /// Opens the lake at `url` in a store whose own root is the root of the URL (a bucket, or `/`).
    pub async fn with_store(store: Arc<dyn ObjectStore>, mut url: Url) -> Result<Self> {
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let root = Path::from_url_path(url.path())
            .map_err(|error| Error::new(format!("the lake {url} has an unusable path: {error}")))?;
        let lake = Self { url, root, store, keys: Arc::default(), keeps_apart: Arc::default() };
        lake.check_format().await?;
        Ok(lake)
    }

    /// Where the lake is; ends with a slash.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The store that holds the lake. Its root is that of the URL, not the lake's folder.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// A table as of now. One that nobody has appended to yet has no files and no version.
    pub async fn table(&self, spec: &TableSpec) -> Result<Table> {
        Table::open(self.clone(), spec.clone()).await
    }

    /// The schema of a table that exists, with every column that was ever declared.
    pub async fn stored_schema(&self, name: &str) -> Result<Option<SchemaRef>> {
        schema::stored(self, name).await
    }

    /// The names of the tables that exist, such as `stripe_log/invoices`, sorted.
    pub async fn tables(&self) -> Result<Vec<String>> {
        self.tables_in("").await
    }

    /// The same, of one folder such as `stripe_log`.
    pub async fn tables_in(&self, folder: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let listed = self.store.list_with_delimiter(Some(&self.path(&folder))).await?;
            let children: Vec<&str> =
                listed.common_prefixes.iter().filter_map(Path::filename).collect();
            if children.contains(&LOG_FOLDER) {
                // A first commit that failed can leave an empty log behind.
                let log = self.path(&folder).join(LOG_FOLDER);
                if self.store.list(Some(&log)).try_next().await?.is_some() {
                    names.push(folder);
                }
                continue;
            }
            let parent = if folder.is_empty() { folder } else { folder + "/" };
            folders.extend(
                children
                    .into_iter()
                    .filter(|child| spec::is_name(child))
                    .map(|child| format!("{parent}{child}")),
            );
        }
        names.sort_unstable();
        Ok(names)
    }

    /// A path inside the lake, from the root of the store.
    fn path(&self, relative: &str) -> Path {
        self.root.parts().chain(Path::from(relative).parts()).collect()
    }

    async fn check_format(&self) -> Result<()> {
        let found = match self.read_format().await {
            Err(object_store::Error::NotFound { .. }) => match self.put_format().await {
                // Somebody else opens the new lake at the same time.
                Err(object_store::Error::AlreadyExists { .. }) => self.read_format().await,
                written => return written.map_err(|error| self.unreachable(&error)),
            },
            found => found,
        };
        let text = found.map_err(|error| self.unreachable(&error))?;
        let Format { format } = serde_json::from_slice(&text).map_err(|error| {
            Error::new(format!("cannot read {FORMAT_FILE} of the lake {}: {error}", self.url))
                .hint(format!("it should hold {{\"format\": {FORMAT}}}"))
        })?;
        if format > FORMAT {
            return Err(Error::new(format!(
                "the lake {} has format {format}; this paydirt knows formats up to {FORMAT}",
                self.url
            ))
            .hint("use the newer paydirt that wrote it, or name another lake"));
        }
        Ok(())
    }

    async fn read_format(&self) -> Result<Bytes, object_store::Error> {
        self.store.get(&self.path(FORMAT_FILE)).await?.bytes().await
    }

    /// Writes the format of a lake that has none; an error when it has.
    async fn put_format(&self) -> Result<(), object_store::Error> {
        let text = serde_json::json!({ "format": FORMAT }).to_string();
        let path = self.path(FORMAT_FILE);
        self.store.put_opts(&path, text.into(), PutMode::Create.into()).await.map(drop)
    }

    fn unreachable(&self, error: &object_store::Error) -> Error {
        bucket::explain(&self.url, error).context("the lake")
    }
}

impl From<DeltaTableError> for Error {
    fn from(error: DeltaTableError) -> Self {
        Self::new(error.to_string())
    }
}
