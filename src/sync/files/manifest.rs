//! Manifests of PostHog's batch exports: which files an export came to hold. What one does not name
//! is left over from an export that was broken off or made again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::expand::problem;
use crate::sync::report::Rejected;

/// What a manifest's name ends with; what stands before it begins the names of its files.
const ENDING: &str = "manifest.json";

#[derive(Deserialize)]
struct Manifest {
    files: Vec<String>,
}

pub fn is_manifest(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// Takes the files of one folder that its manifests speak against out of `files`, and gives a
/// sentence of each. Manifests come with their text, or why it cannot be read. A file that a
/// manifest names and that is not there is told.
pub fn sort_out(
    manifests: Vec<(PathBuf, Result<String, String>)>,
    files: &mut Vec<impl AsRef<Path>>,
    rejected: &mut Vec<Rejected>,
) -> Vec<String> {
    let mut left_out = vec![];
    for (path, text) in &manifests {
        let text = match text {
            Ok(text) => text,
            Err(reason) => {
                rejected.push(problem(path, reason.clone()));
                continue;
            }
        };
        // Other tools have manifests too, of other shapes.
        let Ok(Manifest { files: named }) = serde_json::from_str(text) else { continue };
        let named: HashSet<&str> = named.iter().map(|key| last(key)).collect();
        let name = file_name(path);
        let stem = name.strip_suffix(ENDING).unwrap_or_default().trim_end_matches(['_', '-']);
        let present: HashMap<String, usize> = files
            .iter()
            .enumerate()
            .map(|(place, file)| (file_name(file.as_ref()), place))
            .collect();
        let mut missing: Vec<&str> =
            named.iter().filter(|name| !present.contains_key(**name)).copied().collect();
        missing.sort_unstable();
        for part in missing {
            let why = format!(
                "names {part}, which is not here: the export is not whole, or not wholly copied"
            );
            rejected.push(problem(path, why));
        }
        files.retain(|file| {
            let file = file.as_ref();
            let own = file_name(file);
            let is_spoken_of = own.strip_prefix(stem).is_some_and(is_part);
            let stays = named.contains(own.as_str()) || !(is_spoken_of || stem.is_empty());
            if !stays {
                let sentence = format!("{} is left out: {name} does not name it", file.display());
                left_out.push(sentence);
            }
            stays
        });
    }
    left_out
}

/// Whether what follows a manifest's stem is a number of a part or an ending.
fn is_part(rest: &str) -> bool {
    rest.starts_with(['.', '-', '_'])
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The last part of a key in a bucket.
fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str], manifests: &[(&str, &str)]) -> (Vec<String>, Vec<String>, usize) {
        let at = |name: &str| Path::new("s3://acme/exports").join(name);
        let mut present: Vec<PathBuf> = files.iter().map(|name| at(name)).collect();
        let manifests =
            manifests.iter().map(|(name, text)| (at(name), Ok((*text).to_owned()))).collect();
        let mut rejected = vec![];
        let left_out = sort_out(manifests, &mut present, &mut rejected);
        let rejected = rejected.into_iter().map(|problem| problem.reason).collect();
        (present.iter().map(|path| file_name(path)).collect(), rejected, left_out.len())
    }

    #[test]
    fn only_what_a_manifest_names_is_part_of_its_export() {
        let week = "2025-01-01T00:00:00+00:00-2025-01-02T00:00:00+00:00";
        let [one, two, stray, other] = [
            format!("{week}-0.parquet.zst"),
            format!("{week}-1.parquet.zst"),
            format!("{week}-2.parquet.zst"),
            "2025-01-02T00:00:00+00:00-2025-01-03T00:00:00+00:00.parquet".to_owned(),
        ];
        let manifest = format!("{{\"files\":[\"events/{one}\",\"events/{two}\"]}}");
        let name = format!("{week}_manifest.json");
        let manifests = [(name.as_str(), manifest.as_str())];
        let (stays, rejected, left_out) = folder(&[&one, &two, &stray, &other], &manifests);
        assert_eq!((stays, left_out), (vec![one.clone(), two.clone(), other], 1));
        assert_eq!(rejected, Vec::<String>::new());
        let (stays, rejected, _) = folder(&[&one], &manifests);
        assert_eq!(stays, vec![one]);
        assert!(rejected[0].contains(&two) && rejected[0].contains("not whole"), "{rejected:?}");
    }

    #[test]
    fn a_manifest_without_a_stem_speaks_of_the_folder_and_others_are_not_ours() {
        let (stays, ..) =
            folder(&["a.parquet", "b.parquet"], &[("manifest.json", r#"{"files":["a.parquet"]}"#)]);
        assert_eq!(stays, ["a.parquet"]);
        let (stays, rejected, _) =
            folder(&["a.json"], &[("manifest.json", r#"{"name":"app","icons":[]}"#)]);
        assert_eq!((stays.len(), rejected.len()), (1, 0));
    }
}
