//! Everything goes wrong at once, and the process is killed at random moments: in the end the lake
//! holds exactly what the server holds.

use std::time::Duration;

use paydirt::config::Project;
use paydirt::lake::Lake;
use paydirt::sync::stripe::api::{Api, Key};
use paydirt::sync::stripe::pull::{Pull, Report};
use paydirt_stand_in::{Mutator, Server, Settings};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use tokio::runtime::Builder;

use super::{KEY, assert_same, project, sample_world};
use crate::company::Company;

/// Seeds that are tried; `STORMS=200` tries two hundred.
const STORMS: u64 = 12;

/// Syncs, and dies after `life` unless it is done before.
fn live_for(company: &Company, life: Duration) -> Option<Report> {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2).thread_stack_size(16 << 20).enable_all();
    let runtime = runtime.build().unwrap();
    let root = company.root().to_path_buf();
    let report = runtime.block_on(async move {
        let running = tokio::spawn(async move {
            let project = Project::open(Some(&root)).unwrap();
            let key = Key::parse(KEY).unwrap();
            let api = Api::new(&project.config.source.stripe, key, None).unwrap();
            let pull = Pull::new(api, Lake::open(project.lake()).await.unwrap(), false);
            pull.once().await.unwrap()
        });
        tokio::time::timeout(life, running).await.ok().map(|report| report.unwrap())
    });
    // What is under way is dropped where it stands.
    runtime.shutdown_background();
    report
}

fn storm(seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let server = Server::start(Settings::new(sample_world(25)).seed(seed)).unwrap();
    let company = project(&server, "");
    server.faults().storm(0.25);
    let mut mutator = Mutator::new(seed).step_seconds(1);
    let mut changes = 150;
    server.before_each(move |world, _| {
        if changes > 0 {
            changes -= 1;
            mutator.step(world);
        }
    });
    let mut kills = 0;
    loop {
        let life = match kills {
            0..4 => Duration::from_millis(random.next_u64() % 1_500),
            _ => Duration::from_secs(120),
        };
        match live_for(&company, life) {
            Some(report) if report.failures().next().is_none() && kills > 0 => break,
            Some(_) | None => kills += 1,
        }
        assert!(kills < 30, "seed {seed}");
    }
    // The weather clears, and what happened in the last moments comes in.
    server.faults().clear();
    server.before_each(|_, _| {});
    let report = live_for(&company, Duration::from_secs(120)).unwrap();
    assert_eq!(report.failures().count(), 0, "seed {seed}");
    assert_same(&server, &company);
}

#[test]
fn a_storm_and_a_kill_lose_nothing() {
    let storms = std::env::var("STORMS").ok().and_then(|text| text.parse().ok());
    for seed in 0..storms.unwrap_or(STORMS) {
        storm(seed);
    }
}
