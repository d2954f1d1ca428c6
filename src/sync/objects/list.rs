//! What lies under the URL of a bucket.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectMeta, ObjectStoreExt};
use url::Position;

use super::Object;
use crate::bucket::{self, Bucket};
use crate::error::{Error, Result};
use crate::lake::FORMAT_FILE;
use crate::sync::files::{FileMapping, is_manifest, may_be_data, sort_out};
use crate::sync::report::Rejected;

/// What was found under a URL.
#[derive(Debug)]
pub struct Listing {
    pub bucket: Bucket,
    /// By name.
    pub objects: Vec<Object>,
    /// What manifests name and is not there.
    pub rejected: Vec<Rejected>,
    /// A sentence about each object that is passed over and might have been meant.
    pub left_out: Vec<String>,
}

/// The objects in a folder of a bucket, or one object, or all that a pattern with `*` and `?` fits.
/// Markers of folders, objects of 0 bytes, documents, lakes and what manifests leave out are not
/// among them.
///
/// # Errors
/// When the bucket cannot be listed, or nothing is there.
pub async fn list(text: &str) -> Result<Listing> {
    let pattern = text
        .contains(['*', '?'])
        .then(|| FileMapping { path: Some(text.to_owned()), ..FileMapping::default() });
    let literal = text.split(['*', '?']).next().unwrap_or_default();
    let folder = match &pattern {
        Some(_) => literal.rsplit_once('/').map_or(literal, |(folder, _)| folder),
        None => literal,
    };
    let bucket = bucket::open(folder)?;
    let found = find(&bucket).await.map_err(|error| bucket.explain(&error))?;
    if found.is_empty() {
        return Err(Error::new(format!("{text}: there is nothing"))
            .hint("a folder of the bucket, an object or a pattern such as s3://bucket/logs/*.gz"));
    }
    let mut listing = Listing { bucket, objects: vec![], rejected: vec![], left_out: vec![] };
    listing.sort_out(found, pattern.as_ref()).await;
    if listing.objects.is_empty() && listing.rejected.is_empty() && listing.left_out.is_empty() {
        return Err(Error::new(format!("{text}: holds no data files")));
    }
    Ok(listing)
}

/// All objects in the folder that the URL names, or the object itself.
async fn find(bucket: &Bucket) -> Result<Vec<ObjectMeta>, StoreError> {
    let at = Path::from_url_path(bucket.url.path())?;
    let found: Vec<ObjectMeta> = bucket.store.list(Some(&at)).try_collect().await?;
    if !found.is_empty() || at.as_ref().is_empty() {
        return Ok(found);
    }
    match bucket.store.head(&at).await {
        Ok(meta) => Ok(vec![meta]),
        Err(StoreError::NotFound { .. }) => Ok(vec![]),
        Err(error) => Err(error),
    }
}

/// Objects of one folder.
#[derive(Default)]
struct Folder {
    objects: Vec<Object>,
    manifests: Vec<Object>,
}

impl Listing {
    async fn sort_out(&mut self, found: Vec<ObjectMeta>, pattern: Option<&FileMapping>) {
        let lakes: Vec<PathBuf> = found
            .iter()
            .filter(|meta| meta.location.filename() == Some(FORMAT_FILE))
            .map(|meta| self.named(meta).name)
            .filter_map(|name| name.parent().map(FilePath::to_path_buf))
            .collect();
        let mut folders: BTreeMap<PathBuf, Folder> = BTreeMap::new();
        let mut empty: u64 = 0;
        for meta in found {
            let file = meta.location.filename().unwrap_or_default().to_owned();
            let object = self.named(&meta);
            if lakes.iter().any(|lake| object.name.starts_with(lake)) {
                continue;
            }
            let folder = object.name.parent().map(FilePath::to_path_buf).unwrap_or_default();
            let folder = folders.entry(folder).or_default();
            if is_manifest(&file) {
                folder.manifests.push(object);
            } else if may_be_data(&file) && pattern.is_none_or(|p| p.matches(&object.name)) {
                if object.bytes() == 0 {
                    empty += 1;
                } else {
                    folder.objects.push(object);
                }
            }
        }
        for Folder { mut objects, manifests } in folders.into_values() {
            let mut texts = vec![];
            for manifest in manifests {
                texts.push((manifest.name.clone(), self.text(&manifest).await));
            }
            self.left_out.extend(sort_out(texts, &mut objects, &mut self.rejected));
            self.objects.extend(objects);
        }
        self.objects.sort_by(|one, other| one.name.cmp(&other.name));
        if empty > 0 {
            let at = &self.bucket.url;
            self.left_out.push(format!("{at}: objects of 0 bytes are left out: {empty}"));
        }
    }

    fn named(&self, meta: &ObjectMeta) -> Object {
        let root = &self.bucket.url[..Position::BeforePath];
        Object { name: format!("{root}/{}", meta.location).into(), meta: meta.clone() }
    }

    async fn text(&self, object: &Object) -> Result<String, String> {
        let read = async { self.bucket.store.get(&object.meta.location).await?.bytes().await };
        let bytes = read.await.map_err(|error| error.to_string())?;
        String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
    }

    /// All bytes of the objects.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(Object::bytes).sum()
    }
}
