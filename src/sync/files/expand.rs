//! Which files the given paths stand for, and what a file's content is worth as a name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::open::reason;
use crate::error::{Error, Result};
use crate::lake::is_lake;
use crate::sync::report::Rejected;

/// What lies in folders beside data.
const NOT_DATA: &[&str] =
    &["md", "sql", "toml", "yaml", "yml", "html", "pdf", "png", "svg", "py", "sh", "lock"];

/// The files of the given paths in order; folders are walked, hidden files, manifests and
/// documents in them left out. A path that leads to no file is told.
pub fn expand(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Rejected>) {
    let (mut files, mut rejected) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            match fs::metadata(path) {
                Ok(_) => files.push(path.clone()),
                Err(error) => rejected.push(problem(path, reason(&error))),
            }
            continue;
        }
        let (files_before, rejected_before) = (files.len(), rejected.len());
        walk(path, &mut files, &mut rejected);
        if files.len() == files_before && rejected.len() == rejected_before {
            rejected.push(problem(path, "holds no data files".to_owned()));
        }
    }
    (files, rejected)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, rejected: &mut Vec<Rejected>) {
    // What was landed is no export: `paydirt sync files .` in a project must not land it again.
    if is_lake(folder) {
        return;
    }
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => return rejected.push(problem(folder, reason(&error))),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, files, rejected),
            // A linked folder could lead back here.
            Ok(_) if path.is_dir() => {}
            Ok(_) if name.ends_with("manifest.json") => {}
            Ok(_) if NOT_DATA.contains(&&*extension) => {}
            Ok(_) => match fs::metadata(&path) {
                Ok(_) => files.push(path),
                Err(error) => rejected.push(problem(&path, reason(&error))),
            },
            Err(error) => rejected.push(problem(&path, reason(&error))),
        }
    }
}

/// A whole file that cannot be read.
pub fn problem(path: &Path, reason: String) -> Rejected {
    Rejected { path: path.to_owned(), line: None, field: None, reason }
}

/// The first 128 bits of blake3 over the file as it is on disk.
pub fn hash_file(path: &Path) -> Result<[u8; 16]> {
    let fail = |error| Error::new(reason(&error)).context(path.display());
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).map_err(fail)?).map_err(fail)?;
    Ok(crate::sync::stripe::first_128(&hasher))
}
