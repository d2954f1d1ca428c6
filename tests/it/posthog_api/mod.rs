//! PostHog over the wire, against the stand-in.

mod backfill;
mod columns;
mod failures;
mod folder;
mod gone;
mod keys;
mod query;
mod storm;

use std::path::Path;

use paydirt_stand_in::posthog::{PostHog, Project, Settings};

use crate::command::{Said, paydirt_with_posthog_key};
use crate::company::{Company, Database};

const KEY: &str = "phx_standin";
const PROJECT: u64 = 12_345;
const START: &str = "2025-01-01T00:00:00Z";
/// More than the stretch before now that a sync leaves for the next one.
const A_WHILE: i64 = 1_800_000_000;

/// A project with events of some days, of which the last are old enough to be read.
fn sample(events: usize, days: i64) -> Project {
    let mut project = Project::new(PROJECT, START);
    project.insert_sample(events, days);
    project.insert_people();
    project.now += A_WHILE;
    project
}

fn serve(project: Project) -> PostHog {
    PostHog::start(Settings::new(project)).unwrap()
}

/// The settings of a project that reads from a server.
fn settings(server: &PostHog, more: &str) -> String {
    format!("[source.posthog]\nhost = \"{}\"\nproject = {PROJECT}\n{more}\n", server.url())
}

fn company(server: &PostHog, more: &str) -> Company {
    Company::new(&settings(server, more))
}

fn sync(folder: &Path) -> Said {
    paydirt_with_posthog_key(folder, &["sync", "posthog"], KEY)
}

/// The ids of the events in the lake, each as often as it is there.
fn landed(database: &Database) -> Vec<String> {
    let mut uuids = database.rows("select uuid from posthog_log.events");
    uuids.sort();
    uuids
}

/// Every event of the server is in the lake, once, and no other.
#[track_caller]
fn assert_same(server: &PostHog, company: &Company) {
    let (ours, theirs) = (landed(&company.open()), server.project().uuids());
    let missing: Vec<&String> =
        theirs.iter().filter(|uuid| ours.binary_search(uuid).is_err()).take(5).collect();
    assert_eq!((ours.len(), missing), (theirs.len(), vec![]));
    assert!(ours == theirs);
}

/// Requests to paths that end so.
fn asked(server: &PostHog, ending: &str) -> usize {
    server.requests().iter().filter(|seen| seen.path.ends_with(ending)).count()
}

fn exports(server: &PostHog) -> usize {
    let is_start = |method: &str, path: &str| {
        method == "POST" && path.ends_with("/file_download_batch_exports/")
    };
    server.requests().iter().filter(|seen| is_start(&seen.method, &seen.path)).count()
}
