//! How what was landed is known again: by its content, its mapping, and the version of an object.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::sync::FileReport;
use crate::sync::files::FileMapping;
use crate::sync::journal::{SyncRow, key};
use crate::sync::log::Counts;
use crate::sync::objects::Object;

/// Keys of what was landed whole, by content, and of objects that were seen.
pub(super) type Known = Arc<RwLock<HashSet<u128>>>;

/// The row by which an object is known the next time, without its content.
pub(super) fn object_row(object: &Object, mappings: &[FileMapping], hash: [u8; 16]) -> SyncRow {
    SyncRow {
        key: object_key(object, mappings),
        source: "files",
        path: object.name.display().to_string(),
        format: "object",
        content_hash: Some(hex(hash)),
        bytes: Some(object.bytes()),
        ..SyncRow::default()
    }
}

/// What marks a file as landed: one row a relation, and one that says "whole", unless all of it was
/// refused.
pub(super) fn sync_rows(
    report: &FileReport,
    hash: [u8; 16],
    counts: &Counts,
    content: [u8; 16],
    landed_at: i64,
) -> Vec<SyncRow> {
    let hash = hex(hash);
    let row = |key, relation: Option<String>, (new, duplicates): (u64, u64)| SyncRow {
        key,
        source: "files",
        path: report.path.display().to_string(),
        format: report.format,
        content_hash: Some(hash.clone()),
        relation,
        rows: Some(new + duplicates),
        new_rows: Some(new),
        duplicates: Some(duplicates),
        ..SyncRow::default()
    };
    let mut rows: Vec<SyncRow> = counts
        .iter()
        .map(|(table, count)| {
            let relation = table.replace('/', ".");
            let key = key(&[&content, relation.as_bytes(), &landed_at.to_le_bytes()]);
            row(key, Some(relation), count)
        })
        .collect();
    let whole = match report.is_refused() {
        true => key(&[&content, b"refused", &landed_at.to_le_bytes()]),
        false => done_key(content),
    };
    rows.push(SyncRow {
        bytes: Some(report.bytes),
        rejected: Some(report.rejected),
        ..row(whole, None, counts.total())
    });
    rows
}

/// The same bytes under another mapping are other rows.
pub(super) fn content_key(hash: [u8; 16], mappings: &[FileMapping], name: &Path) -> [u8; 16] {
    key(&[&hash, meaning(mappings, name).as_bytes()])
}

/// The same object, unchanged, under the same mapping.
pub(super) fn object_key(object: &Object, mappings: &[FileMapping]) -> [u8; 16] {
    let name = object.name.to_string_lossy();
    let version = object.version();
    let meaning = meaning(mappings, &object.name);
    key(&[b"object", name.as_bytes(), version.as_bytes(), meaning.as_bytes()])
}

/// What a mapping says about a file's rows. What the entry is called, and that there are others, does
/// not make them other rows.
fn meaning(mappings: &[FileMapping], name: &Path) -> String {
    match FileMapping::find(mappings, name) {
        Some(mapping) => mapping.meaning(),
        None => "[]".to_owned(),
    }
}

pub(super) fn done_key(content: [u8; 16]) -> [u8; 16] {
    key(&[&content, b"whole"])
}

/// The lake's form of a key.
pub(super) fn number(key: &[u8; 16]) -> u128 {
    u128::from_be_bytes(*key)
}

fn hex(hash: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(hash))
}
