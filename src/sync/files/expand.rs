//! Which files the given paths stand for, and what a file's content is worth as a name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::manifest;
use super::open::reason;
use crate::error::{Error, Result};
use crate::lake::is_lake;
use crate::sync::report::Rejected;

/// What lies in folders beside data.
const NOT_DATA: &[&str] =
    &["md", "sql", "toml", "yaml", "yml", "html", "pdf", "png", "svg", "py", "sh", "lock"];

/// What the given paths lead to.
#[derive(Debug, Default)]
pub struct Expanded {
    /// In order.
    pub files: Vec<PathBuf>,
    /// Paths that lead to no file.
    pub rejected: Vec<Rejected>,
    /// A sentence about each file that an export's manifest does not name.
    pub left_out: Vec<String>,
}

/// The files of the given paths; folders are walked, hidden files, manifests, what these leave out
/// and documents are not among them.
pub fn expand(paths: &[PathBuf]) -> Expanded {
    let mut found = Expanded::default();
    for path in paths {
        if !path.is_dir() {
            match fs::metadata(path) {
                Ok(_) => found.files.push(path.clone()),
                Err(error) => found.rejected.push(problem(path, reason(&error))),
            }
            continue;
        }
        let (before, files_before) = (found.count(), found.files.len());
        walk(path, &mut found);
        found.files[files_before..].sort();
        if found.count() == before {
            found.rejected.push(problem(path, "holds no data files".to_owned()));
        }
    }
    found
}

impl Expanded {
    fn count(&self) -> usize {
        self.files.len() + self.rejected.len() + self.left_out.len()
    }
}

fn walk(folder: &Path, found: &mut Expanded) {
    // What was landed is no export: `paydirt sync files .` in a project must not land it again.
    if is_lake(folder) {
        return;
    }
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => return found.rejected.push(problem(folder, reason(&error))),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let (mut here, mut manifests) = (vec![], vec![]);
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, found),
            // A linked folder could lead back here.
            Ok(_) if path.is_dir() => {}
            Ok(_) if manifest::is_manifest(&name) => manifests.push(path),
            Ok(_) if !may_be_data(&name) => {}
            Ok(_) => match fs::metadata(&path) {
                Ok(_) => here.push(path),
                Err(error) => found.rejected.push(problem(&path, reason(&error))),
            },
            Err(error) => found.rejected.push(problem(&path, reason(&error))),
        }
    }
    let manifests = manifests.into_iter().map(|path| {
        let text = fs::read_to_string(&path).map_err(|error| reason(&error));
        (path, text)
    });
    let manifests = manifests.collect();
    found.left_out.extend(manifest::sort_out(manifests, &mut here, &mut found.rejected));
    found.files.extend(here);
}

/// Whether a file of that name is not one of those that lie beside data.
pub fn may_be_data(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    !name.starts_with('.') && !NOT_DATA.contains(&extension)
}

/// A whole file that cannot be read.
pub fn problem(path: &Path, reason: String) -> Rejected {
    Rejected { path: path.to_owned(), reason, ..Rejected::default() }
}

/// The first 128 bits of blake3 over the file as it is on disk.
pub fn hash_file(path: &Path) -> Result<[u8; 16]> {
    let fail = |error| Error::new(reason(&error)).context(path.display());
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).map_err(fail)?).map_err(fail)?;
    Ok(crate::sync::stripe::first_128(&hasher))
}
