//! What PostHog gives, as files on their way into the lake.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use reqwest::Response;
use serde_json::Value;
use tempfile::TempPath;

use super::api::{Failure, Kind};
use crate::error::{Error, Result};
use crate::sync::incoming::Folder;

impl Folder {
    /// Writes the rest of an answer to a file; one that breaks off, or is not what it should be, is
    /// a failure that may pass.
    pub async fn take(&self, mut answer: Response) -> Result<Result<TempPath, Failure>> {
        let mut file = self.file("posthog", ".parquet")?;
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
        let file = self.file("posthog", ".ndjson")?;
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
