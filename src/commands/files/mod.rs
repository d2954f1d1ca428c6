//! `paydirt sync files`: files, folders and buckets, as they are named or as `paydirt.toml` says.

mod bucket;
mod check;
mod local;
mod say;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use check::check;
pub use local::land_all;

use crate::bucket::is_bucket;
use crate::config::Project;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::sync::Rejected;
use crate::sync::files::{Expanded, expand};
use crate::sync::land::Landing;
use say::Total;

/// Where the entries of `paydirt.toml` have their files: buckets, and folders that are there.
pub fn places(project: &Project) -> Vec<PathBuf> {
    let entries = project.config.source.files.iter();
    let mut places: Vec<PathBuf> = vec![];
    for place in entries.filter_map(|entry| entry.place(&project.root)) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Lands what is below `paths`, or below the places of `paydirt.toml`; 2 when anything was refused.
pub async fn sync(project: &Project, paths: &[PathBuf], dry_run: bool) -> Result<ExitCode> {
    let places = if paths.is_empty() { places(project) } else { paths.to_vec() };
    if places.is_empty() {
        return Err(Error::new("no files are named").hint(
            "name files, folders or buckets (paydirt sync files export/ s3://bucket/folder), or \
             set path in a [[source.files]] of paydirt.toml to a bucket or a folder that is there",
        ));
    }
    let (buckets, local): (Vec<&PathBuf>, Vec<&PathBuf>) =
        places.iter().partition(|place| url(place).is_some());
    let local: Vec<PathBuf> = local.into_iter().cloned().collect();
    let Expanded { files, rejected: mut problems, left_out } = expand(&local);
    for sentence in left_out {
        eprintln!("note: {sentence}");
    }
    let lake = Lake::open(project.lake()).await?;
    let mut landing = Landing::new(lake, project.config.source.files.clone());
    let mut is_whole = true;
    let mut total = Total::default();
    if dry_run {
        local::preview(project, &files, &mut problems)?;
    } else {
        total = local::land(&mut landing, &files, &mut problems, false).await?;
    }
    for text in buckets.into_iter().filter_map(|place| url(place)) {
        let mut source = bucket::Source { project, landing: &mut landing, problems: &mut problems };
        let outcome =
            if dry_run { source.preview(text).await } else { source.land(text, &mut total).await };
        if let Err(error) = outcome {
            is_whole = false;
            super::fail(&error);
        }
    }
    if !dry_run {
        println!("{}", total.sentence());
    }
    Ok(end(&problems, total.rejected, is_whole, dry_run))
}

/// Says what did not land.
fn end(problems: &[Rejected], rejected: u64, is_whole: bool, dry_run: bool) -> ExitCode {
    say::problems(problems);
    let has_landed = problems.is_empty() && rejected == 0;
    if is_whole && has_landed {
        return ExitCode::SUCCESS;
    }
    if !dry_run && !has_landed {
        eprintln!(
            "hint: what is whole has landed; mend the rest and land it again (system.diagnostics keeps the list)"
        );
    }
    ExitCode::from(2)
}

/// The text of a place that is in a bucket.
fn url(place: &Path) -> Option<&str> {
    place.to_str().filter(|text| is_bucket(text))
}
