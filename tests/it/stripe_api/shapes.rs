//! One history, served in either shape or in a mix of both, is one history.

use std::fs;
use std::path::{Path, PathBuf};

use paydirt_stand_in::{ACACIA, DAHLIA, Server, Settings, World, load};
use serde_json::Value;

use super::sync;
use crate::backtest::{assert_as_worked, printed_json};
use crate::command::paydirt;
use crate::company::{Company, landed_sample, sample};

/// A project of its own that synced from a folder of exported lists, served as they are.
fn synced(like: Company, folder: &Path, version: &str) -> Company {
    let loaded = load(folder, World::new(version).as_given()).unwrap();
    let server = Server::start(Settings::new(loaded.live).world(loaded.test)).unwrap();
    let settings = fs::read_to_string(like.root().join("paydirt.toml")).unwrap();
    let source =
        format!("[source.stripe]\napi_base = \"{}\"\nrate_limit = 1000000\n", server.url());
    like.write("paydirt.toml", format!("{settings}\n{source}"));
    sync(like.root()).printed();
    like
}

#[test]
fn the_wire_and_files_tell_the_same() {
    let questions = [
        "select customer_id, started_at, ends_at, product_id, is_test from models.trials order by 1, 2",
        "select account_id, paid_at, reversed_at from outcomes.payments order by 1, 2",
        "select invoice_id, mrr_list_minor, mrr_net_minor from outcomes.invoice_mrr order by 1, 2, 3",
    ];
    for (folder, version) in [("stripe_clover", DAHLIA), ("stripe_acacia", ACACIA)] {
        let company = synced(Company::like_sample(), &sample(folder), version);
        company.land(&[sample("product_events.json")]);
        let (wire, files) = (company.open(), landed_sample().open());
        for database in [&wire, &files] {
            database.at("2025-12-01");
        }
        for question in questions {
            assert_eq!(wire.rows(question), files.rows(question), "{folder}: {question}");
        }
        assert_as_worked(&printed_json(&company));
    }
}

/// A simulated company whose events of the last days are in the shape of the version in which each
/// was born: in one of them every other event is of the older one.
#[test]
fn backtests_are_equal_in_both_shapes_and_in_a_mix() {
    let work = tempfile::tempdir().unwrap();
    let simulate = |shape: &str| {
        let arguments = ["simulate", "--accounts", "200", "--events", "4000", "--shape", shape];
        paydirt(work.path(), &[&arguments[..], &["--out", shape]].concat()).printed();
        work.path().join(shape)
    };
    let (newer, older) = (simulate("clover"), simulate("acacia"));
    let mixed = work.path().join("mixed");
    fs::create_dir(&mixed).unwrap();
    for entry in fs::read_dir(newer.join("export/stripe")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, mixed.join(path.file_name().unwrap())).unwrap();
    }
    let events = mix(&read(&newer), &read(&older));
    fs::write(mixed.join("events.json"), events.to_string()).unwrap();

    let figures = |stripe: &Path, version: &str| {
        let company = Company::new(&fs::read_to_string(newer.join("paydirt.toml")).unwrap());
        let hypothesis = "published_a_workflow";
        let file = format!("sql/hypotheses/{hypothesis}.sql");
        company.write(&file, fs::read(newer.join(&file)).unwrap());
        let company = synced(company, stripe, version);
        company.land(&[newer.join("export/posthog/events-001.parquet")]);
        let said = paydirt(company.root(), &["backtest", hypothesis, "--format", "json"]);
        let mut report: Value = serde_json::from_str(&said.printed()).unwrap();
        let versions = company.open().rows(
            "select api_version, count(*) from stripe_log.subscriptions where source = 'event' group by 1 order by 1",
        );
        (report["backtest"].take(), report["outcomes"].take(), versions)
    };
    let new = figures(&newer.join("export/stripe"), DAHLIA);
    let old = figures(&older.join("export/stripe"), ACACIA);
    let mix = figures(&mixed, DAHLIA);
    assert!(new.1.as_array().is_some_and(|rows| rows.len() > 100), "{}", new.1);
    assert_eq!((new.2.len(), old.2.len(), mix.2.len()), (1, 1, 2), "{:?}", mix.2);
    for other in [old, mix] {
        assert_eq!(other.0, new.0);
        assert_eq!(other.1, new.1);
    }
}

fn read(company: &Path) -> Value {
    let path: PathBuf = company.join("export/stripe/events.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every other event of the one, the rest of the other.
fn mix(newer: &Value, older: &Value) -> Value {
    let mut mixed = newer.clone();
    for (place, event) in mixed["data"].as_array_mut().unwrap().iter_mut().enumerate() {
        let other = &older["data"][place];
        assert_eq!(event["id"], other["id"]);
        if place % 2 == 1 {
            *event = other.clone();
        }
    }
    mixed
}
