//! Signals of past days: what a lake says as of a day is what would have been said on that day,
//! from what the sources told then.

use std::path::Path;
use std::sync::Arc;

use paydirt::backtest::run;
use paydirt::config::Project;
use paydirt::engine::Engine;
use paydirt::library::SqlFile;
use paydirt::signal;
use paydirt::simulate::{self, AS_OF, Settings, Shape};
use tempfile::TempDir;

use crate::company::{Company, wait};

const DAY: i64 = 86_400;
/// The behaviour that matters.
const HYPOTHESIS: &str = "published_a_workflow";

/// What the sources tell at a moment, landed in a project of its own.
fn told(folder: &TempDir, as_of: i64) -> Company {
    let (accounts, events, seed, shape) = (1_600, 30_000, 5, Shape::Clover);
    let settings = Settings { accounts, events, seed, shape, is_compressed: false, as_of };
    let root = folder.path().join("company");
    simulate::write(&root, &settings, &mut |_| ()).unwrap();
    let company = Company::at(&root);
    company.land(&[root.join("export")]);
    company
}

/// The signals of the behaviour that matters as of a moment, as JSON.
fn signals(root: &Path, as_of: i64) -> Vec<String> {
    let project = Project::open(Some(root)).unwrap();
    wait(async move {
        let engine = Engine::open(project, Some(as_of * 1_000_000)).await.unwrap();
        let file: Arc<SqlFile> = engine.library.hypothesis(HYPOTHESIS).unwrap();
        let settings = engine.settings().await.unwrap();
        let backtest = run::run(&engine, settings, &file).await.unwrap();
        let listed = signal::list(&engine, vec![backtest]).await.unwrap();
        listed.signals.iter().map(|signal| signal.json().to_string()).collect()
    })
}

/// Every twelfth day of the months before the end, from the `first` on every second of those.
fn signals_are_those_of_the_day(first: i64) {
    let folder = tempfile::tempdir().unwrap();
    let all = told(&folder, AS_OF);
    let mut count = 0;
    for day in (first..=20).step_by(2) {
        let as_of = AS_OF - 12 * day * DAY;
        let then = tempfile::tempdir().unwrap();
        let said_then = signals(told(&then, as_of).root(), as_of);
        // A ledger of its own for each day.
        let now = all.copy();
        assert_eq!(signals(now.root(), as_of), said_then, "{} days before the end", 12 * day);
        count += said_then.len();
    }
    assert!(count > 100, "{count} signals in all");
}

#[test]
fn signals_are_those_of_the_day_on_odd_days() {
    signals_are_those_of_the_day(1);
}

#[test]
fn signals_are_those_of_the_day_on_even_days() {
    signals_are_those_of_the_day(2);
}
