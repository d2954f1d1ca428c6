//! Files from elsewhere: kept in the project's data folder as long as they are landed.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::NamedTempFile;

use crate::clock;
use crate::error::{Error, Result};

/// No sync works on one file for so long.
const OLD: Duration = Duration::from_secs(86_400);

/// Where they are kept.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder if it is not there.
    pub fn open(path: &Path) -> Result<Self> {
        let named = |error| Error::from(error).context(path.display());
        std::fs::create_dir_all(path).map_err(named)?;
        let now = Duration::from_micros(clock::now_us().unsigned_abs());
        // What a killed sync left behind is of no use to anybody.
        for entry in std::fs::read_dir(path).map_err(named)?.flatten() {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let age =
                written.ok().and_then(|at| now.checked_sub(at.duration_since(UNIX_EPOCH).ok()?));
            if age.is_some_and(|age| age > OLD) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(Self(path.to_path_buf()))
    }

    /// An empty file, which goes when it is dropped.
    pub fn file(&self, source: &str, ending: &str) -> std::io::Result<NamedTempFile> {
        let prefix = format!("{source}-");
        tempfile::Builder::new().prefix(&prefix).suffix(ending).tempfile_in(&self.0)
    }
}
