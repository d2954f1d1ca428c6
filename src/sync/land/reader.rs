//! A file on its way: hashed, and read if it is new, on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::known::{Known, content_key, done_key, number};
use crate::clock;
use crate::error::{Error, Result};
use crate::sync::files::{self, FileMapping};
use crate::sync::{FileReport, Landed};

/// Rows that a reader gathers before it hands them over.
const CHUNK_ROWS: usize = 50_000;
/// Chunks that are read while others are written.
const CHUNKS_AHEAD: usize = 1;
/// Where a file is, and what it is called in all that is told of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) name: PathBuf,
}

impl File {
    pub(super) fn here(path: &Path) -> Self {
        Self { path: path.to_path_buf(), name: path.to_path_buf() }
    }
}

/// A file that is read on a thread of its own.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) file: File,
    pub(super) landed_at: i64,
    /// Comes before any row.
    pub(super) hash: oneshot::Receiver<Result<[u8; 16]>>,
    pub(super) chunks: mpsc::Receiver<Vec<Landed>>,
    pub(super) report: JoinHandle<Result<FileReport>>,
}

impl Reader {
    /// Begins with a file, and goes no further than its hash if it was `landed`.
    pub(super) fn begin(file: File, mappings: Arc<Vec<FileMapping>>, landed: Known) -> Self {
        let landed_at = clock::now_us();
        let (of_hash, hash) = oneshot::channel();
        let (of_chunks, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let File { path, name } = file.clone();
        let report = tokio::task::spawn_blocking(move || {
            let hash = files::hash_file(&path);
            let is_new = hash.as_ref().is_ok_and(|hash| {
                let done = done_key(content_key(*hash, &mappings, &name));
                !landed.read().contains(&number(&done))
            });
            if of_hash.send(hash).is_err() || !is_new {
                return Ok(FileReport::default());
            }
            files::land_named(&path, &name, &mappings, landed_at, CHUNK_ROWS, &mut |landed| {
                of_chunks
                    .blocking_send(landed)
                    .map_err(|_| Error::new("the writer of the lake has stopped"))
            })
        });
        Self { file, landed_at, hash, chunks, report }
    }
}

pub(super) fn stopped(path: &Path) -> Error {
    Error::new(format!("{}: reading stopped in the middle", path.display()))
}
