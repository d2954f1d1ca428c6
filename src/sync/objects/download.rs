//! One object to a file, piece by piece, or why it does not come.

use std::fmt;
use std::io::Write;

use futures::TryStreamExt;
use object_store::{Error as StoreError, GetOptions, ObjectStore};
use tempfile::TempPath;

use super::Object;
use crate::error::Result;
use crate::sync::incoming::Folder;

/// Why an object does not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    Archived,
    Denied,
    Gone,
    Changed,
    /// The network, or the server.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archived => f.write_str(
                "is in an archive (Glacier or the like): restore it there, then sync again",
            ),
            Self::Denied => f.write_str(
                "access denied, although it could be listed: the key needs s3:GetObject, or what \
                 its cloud calls that",
            ),
            Self::Gone => f.write_str("was deleted after it was listed"),
            Self::Changed => f.write_str("was changed while it was read; the next sync takes it"),
            Self::Failed(why) => write!(f, "does not come: {why}; the next sync goes on here"),
        }
    }
}

impl Refusal {
    fn of(error: &StoreError) -> Self {
        // Archives answer as if access was denied, and say what they are in the text.
        let said = format!("{error} {error:?}");
        if ["InvalidObjectState", "BlobArchived"].iter().any(|code| said.contains(code)) {
            return Self::Archived;
        }
        match error {
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                Self::Denied
            }
            StoreError::NotFound { .. } => Self::Gone,
            StoreError::Precondition { .. } => Self::Changed,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Downloads an object in the version that was listed; `progress` is told of bytes as they come.
/// The outer error is the disk's.
pub async fn download(
    store: &dyn ObjectStore,
    object: &Object,
    folder: &Folder,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Result<TempPath, Refusal>> {
    let mut file = folder.file("bucket", "")?;
    let options = GetOptions { if_match: object.meta.e_tag.clone(), ..GetOptions::default() };
    let mut pieces = match store.get_opts(&object.meta.location, options).await {
        Ok(answer) => answer.into_stream(),
        Err(error) => return Ok(Err(Refusal::of(&error))),
    };
    let mut bytes = 0;
    loop {
        match pieces.try_next().await {
            Ok(Some(piece)) => {
                bytes += piece.len() as u64;
                file.write_all(&piece)?;
                progress(piece.len() as u64);
            }
            Ok(None) => break,
            Err(error) => return Ok(Err(Refusal::of(&error))),
        }
    }
    if bytes != object.bytes() {
        let why = format!("the download ended after {bytes} of {} bytes", object.bytes());
        return Ok(Err(Refusal::Failed(why)));
    }
    Ok(Ok(file.into_temp_path()))
}
