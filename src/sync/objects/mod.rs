//! Files in buckets: what is there, and how it comes here. What was landed is known by the object's
//! address, version and size, so that it is not downloaded again.

mod download;
mod list;

pub use download::{Refusal, download};
pub use list::{Listing, list};

use std::path::{Path, PathBuf};

use object_store::ObjectMeta;

/// An object that may hold data.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its URL, in place of a path.
    pub name: PathBuf,
    meta: ObjectMeta,
}

impl Object {
    pub fn bytes(&self) -> u64 {
        self.meta.size
    }

    /// What changes whenever its content does.
    pub fn version(&self) -> String {
        let tag = self.meta.e_tag.clone();
        let tag = tag.unwrap_or_else(|| self.meta.last_modified.timestamp_micros().to_string());
        format!("{tag} {}", self.meta.size)
    }
}

impl AsRef<Path> for Object {
    fn as_ref(&self) -> &Path {
        &self.name
    }
}
