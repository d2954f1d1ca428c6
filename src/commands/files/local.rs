//! Files on this machine, one after the other, with a bar on a terminal.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::say::{self, Total, describe};
use crate::clock;
use crate::config::Project;
use crate::error::Result;
use crate::format::count;
use crate::lake::Lake;
use crate::sync::Rejected;
use crate::sync::files::preview_file;
use crate::sync::land::Landing;

/// Lands files one after the other, with a bar on a terminal; `is_quiet` leaves out the line that
/// each file otherwise has.
pub async fn land_all(
    project: &Project,
    paths: &[PathBuf],
    problems: &mut Vec<Rejected>,
    is_quiet: bool,
) -> Result<Total> {
    let lake = Lake::open(project.lake()).await?;
    let mut landing = Landing::new(lake, project.config.source.files.clone());
    land(&mut landing, paths, problems, is_quiet).await
}

/// The same in a lake that is open.
pub async fn land(
    landing: &mut Landing,
    paths: &[PathBuf],
    problems: &mut Vec<Rejected>,
    is_quiet: bool,
) -> Result<Total> {
    let bytes = paths.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len());
    let bar = bar(bytes.sum());
    let mut total = Total::default();
    for (number, path) in paths.iter().enumerate() {
        let name = path.display().to_string();
        bar.set_message(name.clone());
        let next = paths.get(number + 1).map(PathBuf::as_path);
        let progress = |rows| bar.set_message(format!("{name} · {} rows", count(rows)));
        let outcome = landing.file(path, next, &progress).await?;
        bar.inc(path.metadata().map_or(0, |meta| meta.len()));
        total.add(&outcome);
        if !is_quiet {
            bar.suspend(|| describe(&outcome));
        }
        problems.extend(outcome.report.problems);
    }
    bar.finish_and_clear();
    Ok(total)
}

/// A bar of bytes, with room for a message.
pub fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Shows what files would land as.
pub fn preview(project: &Project, paths: &[PathBuf], problems: &mut Vec<Rejected>) -> Result<()> {
    for path in paths {
        let shown = preview_file(path, path, &project.config.source.files, clock::now_us())?;
        say::preview(&path.display().to_string(), &shown)?;
        problems.extend(shown.report.problems);
    }
    Ok(())
}
