//! Files on their way into the lake: kept in the project's data folder as long as they are landed.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use reqwest::Response;
use serde_json::Value;
use tempfile::{NamedTempFile, TempPath};

use super::api::{Failure, Kind};
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

    fn file(&self, ending: &str) -> std::io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix("posthog-").suffix(ending).tempfile_in(&self.0)
    }

    /// Writes the rest of an answer to a file; one that breaks off, or is not what it should be, is
    /// a failure that may pass.
    pub async fn take(&self, mut answer: Response) -> Result<Result<TempPath, Failure>> {
        let mut file = self.file(".parquet")?;
        let mut bytes = 0;
        let expected = answer.content_length();
        loop {
            match answer.chunk().await {
                Ok(Some(piece)) => {
                    bytes += piece.len() as u64;
                    file.write_all(&piece)?;
                }
                Ok(None) => break,
                Err(_) => {
                    let why = format!("the download broke off after {bytes} bytes");
                    return Ok(Err(Failure::new(Kind::Transient, why)));
                }
            }
        }
        if expected.is_some_and(|expected| expected != bytes) || !is_whole(file.as_file_mut())? {
            let why = format!("the download is not whole: {bytes} bytes that are no Parquet file");
            return Ok(Err(Failure::new(Kind::Transient, why)));
        }
        Ok(Ok(file.into_temp_path()))
    }

    /// Writes records as lines of JSON.
    pub fn write<'a>(&self, records: impl Iterator<Item = Value> + 'a) -> Result<TempPath> {
        let file = self.file(".ndjson")?;
        let mut writer = BufWriter::new(file);
        for record in records {
            serde_json::to_writer(&mut writer, &record).map_err(|e| Error::new(e.to_string()))?;
            writer.write_all(b"\n")?;
        }
        let file = writer.into_inner().map_err(|error| Error::from(error.into_error()))?;
        Ok(file.into_temp_path())
    }
}

/// A Parquet file has the same four letters at both ends.
fn is_whole(file: &mut File) -> std::io::Result<bool> {
    let (mut head, mut tail) = ([0; 4], [0; 4]);
    if file.metadata()?.len() < 12 {
        return Ok(false);
    }
    file.rewind()?;
    file.read_exact(&mut head)?;
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut tail)?;
    Ok(&head == b"PAR1" && &tail == b"PAR1")
}
