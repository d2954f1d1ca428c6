//! What is planted in simulated companies is found and refused as planted, all the way through
//! files, lake and SQL, on twenty seeds that the demo does not use.

use std::sync::Arc;

use paydirt::backtest::{Ruling, run};
use paydirt::library::SqlFile;
use paydirt::simulate::{self, AS_OF, Settings, Shape};
use serde_json::Value;

use crate::company::{Company, wait};

/// Simulates, lands and backtests; what the verdicts are, and which are right.
fn verdicts(seed: u64) -> Vec<(String, Ruling, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("company");
    let shape = if seed.is_multiple_of(2) { Shape::Acacia } else { Shape::Clover };
    let (accounts, events, is_compressed, as_of) = (1_600, 40_000, false, AS_OF);
    let settings = Settings { accounts, events, seed, shape, is_compressed, as_of };
    simulate::write(&root, &settings, &mut |_| ()).unwrap();
    let company = Company::at(&root);
    let outcomes = company.land(&[root.join("export")]);
    assert!(outcomes.iter().all(|outcome| outcome.report.problems.is_empty()), "seed {seed}");
    let engine = company.open().engine;
    let backtests = wait(async move {
        let files: Vec<Arc<SqlFile>> = engine.library.folder("hypotheses").cloned().collect();
        let files: Vec<&SqlFile> = files.iter().map(Arc::as_ref).collect();
        run::run_all(&engine, engine.settings().await.unwrap(), &files, &|_| ()).await.unwrap()
    });
    let truth: Value =
        serde_json::from_slice(&std::fs::read(root.join("truth.json")).unwrap()).unwrap();
    let planted = truth["behaviours"].as_array().unwrap();
    assert_eq!(planted.len(), backtests.len());
    let expected = |name: &str| -> Vec<String> {
        let behaviour = planted.iter().find(|behaviour| behaviour["hypothesis"] == name).unwrap();
        serde_json::from_value(behaviour["expected_verdicts"].clone()).unwrap()
    };
    backtests
        .iter()
        .map(|b| (b.spec.name.clone(), b.verdict.ruling, expected(&b.spec.name)))
        .collect()
}

fn as_planted(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        for (name, ruling, expected) in verdicts(seed) {
            let is_right = expected.iter().any(|verdict| verdict == ruling.as_str());
            assert!(is_right, "seed {seed}: {name} is {}, not {expected:?}", ruling.as_str());
        }
    }
}

// Four tests, so that two cores have something to do.

#[test]
fn as_planted_on_seeds_100_to_104() {
    as_planted(100..105);
}

#[test]
fn as_planted_on_seeds_105_to_109() {
    as_planted(105..110);
}

#[test]
fn as_planted_on_seeds_110_to_114() {
    as_planted(110..115);
}

#[test]
fn as_planted_on_seeds_115_to_119() {
    as_planted(115..120);
}
