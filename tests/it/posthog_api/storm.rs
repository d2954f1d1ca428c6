//! Everything goes wrong at once, events come in all the while, and the process is killed at random
//! moments: in the end the lake holds exactly what the server holds.

use std::process::{Command, Stdio};
use std::time::Duration;

use paydirt_stand_in::posthog::{PostHog, Settings};
use paydirt_stand_in::{Fault, Rule};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{A_WHILE, KEY, assert_same, company, sample, sync};
use crate::company::Company;

/// Seeds that are tried; `STORMS=50` tries fifty.
const STORMS: u64 = 4;

fn start(company: &Company) -> std::process::Child {
    Command::new(assert_cmd::cargo::cargo_bin!("paydirt"))
        .arg("--project")
        .arg(company.root())
        .args(["sync", "posthog"])
        .env("POSTHOG_API_KEY", KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn weather(server: &PostHog) {
    let limited = |retry_after| Fault::RateLimited { reason: None, retry_after };
    let failed = |status| Fault::Status { status, should_retry: None };
    for fault in [
        limited(None),
        limited(Some(1)),
        failed(500),
        failed(503),
        Fault::Reset,
        Fault::Cut,
        Fault::BadJson,
        Fault::ProxyPage { status: 502 },
        Fault::Slow(Duration::from_millis(40)),
    ] {
        server.faults().add(Rule::on("*", fault).chance(0.02));
    }
}

fn storm(seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut settings = Settings::new(sample(1_500, 40)).seed(seed).requests_a_minute(100_000);
    if seed % 2 == 1 {
        settings = settings.without_exports();
    }
    let server = PostHog::start(settings).unwrap();
    {
        let mut script = server.script();
        script.takes = Duration::from_millis(20);
        script.rows_per_file = Some(90);
        script.doubles = Some(7);
        script.ends.extend(["FailedRetryable", "TimedOut"]);
    }
    weather(&server);
    let mut changes = 60;
    server.before_each(move |project, _| {
        if changes > 0 {
            changes -= 1;
            project.now += 120_000_000;
            let now = project.now;
            project.insert_event(now, now - 86_400_000_000);
        }
    });
    let company = company(&server, "");
    let mut killed = 0;
    for _ in 0..6 {
        let mut syncing = start(&company);
        std::thread::sleep(Duration::from_millis(150 + random.next_u64() % 1_800));
        let _ = syncing.kill();
        killed += u32::from(!syncing.wait().unwrap().success());
        // What is there by now is of the server, and nothing twice.
        let there = super::landed(&company.open());
        assert!(there.windows(2).all(|pair| pair[0] != pair[1]), "seed {seed}");
    }
    assert!(killed > 0, "seed {seed}: every sync was faster");
    // The weather clears, and what came in in the last moments is old enough to be read.
    server.faults().clear();
    server.before_each(|_, _| {});
    server.project_mut().now += A_WHILE;
    sync(company.root()).printed();
    assert_same(&server, &company);
}

#[test]
fn a_storm_and_kills_lose_nothing() {
    let storms = std::env::var("STORMS").ok().and_then(|text| text.parse().ok());
    for seed in 0..storms.unwrap_or(STORMS) {
        storm(seed);
    }
}
