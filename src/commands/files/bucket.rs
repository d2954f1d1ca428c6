//! Files in a bucket: those that are new, one downloaded while another lands.

use crate::clock;
use crate::config::Project;
use crate::error::Result;
use crate::format::{count, counted};
use crate::sync::Rejected;
use crate::sync::files::{preview_file, problem};
use crate::sync::incoming::Folder;
use crate::sync::land::Landing;
use crate::sync::objects::{Listing, Refusal, download, list};

use super::local::bar;
use super::say::{self, Total, describe};

/// Downloads in a row that may fail before the rest is left for another time.
const FAILURES: u32 = 2;

/// A bucket on its way into the lake.
pub struct Source<'a> {
    pub project: &'a Project,
    pub landing: &'a mut Landing,
    pub problems: &'a mut Vec<Rejected>,
}

impl Source<'_> {
    /// Lands what is new under a URL. What does not come is among the problems, and the rest lands.
    pub async fn land(&mut self, url: &str, total: &mut Total) -> Result<()> {
        let folder = Folder::open(&self.project.incoming_dir())?;
        let Listing { bucket, objects, .. } = self.list(url, total).await?;
        let bar = bar(objects.iter().map(|object| object.bytes()).sum());
        let came = |bytes| bar.inc(bytes);
        let fetch = async |place: usize| match objects.get(place) {
            Some(object) => Some(download(&*bucket.store, object, &folder, &came).await),
            None => None,
        };
        let mut failures = 0;
        let mut ahead = fetch(0).await;
        for (place, object) in objects.iter().enumerate() {
            let Some(file) = ahead.take() else { break };
            let file = match file? {
                Ok(file) => file,
                Err(refusal) => {
                    failures = if matches!(refusal, Refusal::Failed(_)) { failures + 1 } else { 0 };
                    let refused = problem(&object.name, refusal.to_string());
                    let report = self.landing.refused(refused).await?;
                    total.files += 1;
                    total.rejected += report.rejected;
                    self.problems.extend(report.problems);
                    if failures == FAILURES {
                        self.give_up(url, objects.len() - place - 1);
                        break;
                    }
                    ahead = fetch(place + 1).await;
                    continue;
                }
            };
            failures = 0;
            let name = object.name.display().to_string();
            bar.set_message(name.clone());
            let progress = |rows| bar.set_message(format!("{name} · {} rows", count(rows)));
            let landing = self.landing.object(object, &file, &progress);
            let (outcome, next) = tokio::join!(landing, fetch(place + 1));
            ahead = next;
            let outcome = outcome?;
            total.add(&outcome);
            bar.suspend(|| describe(&outcome));
            self.problems.extend(outcome.report.problems);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Shows what the first new object would land as.
    pub async fn preview(&mut self, url: &str) -> Result<()> {
        let folder = Folder::open(&self.project.incoming_dir())?;
        let Listing { bucket, objects, .. } = self.list(url, &mut Total::default()).await?;
        let Some(object) = objects.first() else { return Ok(()) };
        let file = match download(&*bucket.store, object, &folder, &|_| ()).await? {
            Ok(file) => file,
            Err(refusal) => {
                self.problems.push(problem(&object.name, refusal.to_string()));
                return Ok(());
            }
        };
        let mappings = &self.project.config.source.files;
        let shown = preview_file(&file, &object.name, mappings, clock::now_us())?;
        say::preview(&object.name.display().to_string(), &shown)?;
        self.problems.extend(shown.report.problems);
        Ok(())
    }

    /// What is new under a URL; what was landed before is counted and said.
    async fn list(&mut self, url: &str, total: &mut Total) -> Result<Listing> {
        let mut listing = list(url).await?;
        self.problems.append(&mut listing.rejected);
        for sentence in &listing.left_out {
            eprintln!("note: {sentence}");
        }
        let known = self.landing.leave_out_landed(&mut listing.objects).await?;
        total.files += known;
        total.known_files += known;
        let new = counted(listing.objects.len() as u64, "new object");
        eprintln!("{url}: {new}, landed before: {}", count(known));
        Ok(listing)
    }

    fn give_up(&mut self, url: &str, left: usize) {
        let left = count(left as u64);
        let reason = format!(
            "{FAILURES} objects in a row did not come; the next sync takes the others too ({left})"
        );
        self.problems.push(problem(url.as_ref(), reason));
    }
}
