//! The leak check: what looks into the future is found, what does not is left alone.

use paydirt::backtest::{Backtest, run};
use serde_json::Value;

use crate::command::paydirt;
use crate::company::{Company, landed_sample, wait};

const HEADER: &str = "-- Trialists who do something pay within 30 days.\n\
                      -- @population trials\n\
                      -- @outcome net_conversion\n\
                      -- @window 3d\n\
                      -- @horizon 30d\n\
                      -- @strata product\n";

/// The sample with one more hypothesis, and what a run of it says.
fn tested(sql: &str) -> (Company, Value) {
    let company = landed_sample().copy();
    company.write("sql/hypotheses/tested.sql", format!("{HEADER}{sql}"));
    let database = company.open();
    let engine = database.engine.clone();
    let backtest: Backtest = wait(async move {
        let file = engine.library.hypothesis("tested").unwrap();
        run::run(&engine, engine.settings().await.unwrap(), &file).await.unwrap()
    });
    (company, backtest.json())
}

#[test]
fn hindsight_is_invalid_and_names_its_accounts() {
    let (company, said) = tested(
        "select account_id, min(occurred_at) as signal_at, min(known_at) as known_at\n\
         from product.account_events group by account_id having count(*) >= 3",
    );
    assert_eq!(said["backtest"]["verdict"], "invalid", "{said}");
    let leakage = &said["leakage"];
    assert_eq!(leakage["result"], "violated");
    assert!(leakage["needs_later_data"].as_u64().unwrap() > 0, "{leakage}");
    let accounts = leakage["accounts"].as_array().unwrap();
    assert!(accounts.contains(&"dom:tinwhistle-labs.com".into()), "{leakage}");

    let report = paydirt(company.root(), &["backtest", "tested"]);
    assert_eq!(report.code, 1, "the data said no");
    assert!(report.out.contains("dom:tinwhistle-labs.com"), "{}", report.out);
    assert!(!report.out.contains("Who converts"), "{}", report.out);
}

#[test]
fn a_signal_that_later_facts_erase_is_found() {
    let (_, said) = tested(
        "select account_id, occurred_at as signal_at, known_at\n\
         from product.account_events as events\n\
         where not exists (\n\
             select 1 from product.account_events as later\n\
             where later.account_id = events.account_id\n\
                 and later.occurred_at > events.occurred_at\n\
         )",
    );
    assert_eq!(said["leakage"]["result"], "violated", "{said}");
    assert!(said["leakage"]["withdrawn_by_later_data"].as_u64().unwrap() > 0, "{said}");
}

#[test]
fn a_column_that_changes_later_would_be_passed_on() {
    let (_, said) = tested(
        "select events.account_id, occurred_at as signal_at, known_at, accounts.customers\n\
         from product.account_events as events\n\
         inner join (select account_id, count(*) as customers from product.account_events\n\
         group by account_id) as accounts on accounts.account_id = events.account_id",
    );
    assert_eq!(said["leakage"]["result"], "violated", "{said}");
}

#[test]
fn an_honest_hypothesis_is_clean() {
    let (_, said) = tested(
        "select account_id, occurred_at as signal_at, known_at, event, tier\n\
         from product.account_events",
    );
    assert_eq!(said["leakage"]["result"], "clean", "{said}");
    assert!(said["leakage"]["cutoffs"].as_u64().unwrap() >= 5, "{said}");
}

#[test]
fn nothing_to_look_at_is_not_tested() {
    let (_, said) = tested(
        "select account_id, occurred_at as signal_at, known_at\n\
         from product.account_events where event = 'nobody_does_this'",
    );
    assert_eq!(said["leakage"]["result"], "not_tested", "{said}");
}
