//! `paydirt check files`: what each entry of `paydirt.toml` is for, and what is there.

use std::process::ExitCode;

use indicatif::DecimalBytes;

use super::url;
use crate::config::Project;
use crate::error::{Error, Result};
use crate::format::{count, counted};
use crate::lake::Lake;
use crate::sync::files::{Expanded, FileMapping, expand};
use crate::sync::land::Landing;
use crate::sync::objects::list;

/// Tries each entry; 1 when a place cannot be reached or holds nothing.
pub async fn check(project: &Project) -> Result<ExitCode> {
    let entries = &project.config.source.files;
    if entries.is_empty() {
        return Err(Error::new("no [[source.files]] in paydirt.toml").hint(
            "without one, `paydirt sync files` takes files, folders and buckets by their names",
        ));
    }
    let lake = Lake::open(project.lake()).await?;
    let mut landing = Landing::new(lake, entries.clone());
    let mut is_fine = true;
    for entry in entries {
        match look(project, &mut landing, entry).await {
            Ok(sentence) => println!("{}: {sentence}", entry.name),
            Err(error) => {
                is_fine = false;
                crate::commands::fail(&error.context(&entry.name));
            }
        }
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(project: &Project, landing: &mut Landing, entry: &FileMapping) -> Result<String> {
    let Some(place) = entry.place(&project.root) else {
        let whose = entry.path.as_deref().unwrap_or("all files");
        return Ok(format!("says how to read {whose}, which are landed by name"));
    };
    if let Some(url) = url(&place) {
        let mut listing = list(url).await?;
        if let Some(problem) = listing.rejected.first() {
            let reason = format!("{}: {}", problem.path.display(), problem.reason);
            return Err(Error::new(reason));
        }
        let (all, bytes) = (listing.objects.len() as u64, DecimalBytes(listing.bytes()));
        let known = landing.leave_out_landed(&mut listing.objects).await?;
        let new = count(all - known);
        return Ok(format!("{url}: {}, {bytes}; new: {new}", counted(all, "object")));
    }
    let Expanded { files, rejected, .. } = expand(std::slice::from_ref(&place));
    if let Some(problem) = rejected.first() {
        return Err(Error::new(format!("{}: {}", problem.path.display(), problem.reason)));
    }
    let bytes = files.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len()).sum();
    let all = counted(files.len() as u64, "file");
    Ok(format!("{}: {all}, {}", place.display(), DecimalBytes(bytes)))
}
