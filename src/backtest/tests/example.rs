//! The worked example: rows in, the published JSON out.

use serde_json::Value;

use super::rows::{DAY, SECOND, spec};
use crate::backtest::context::{Context, Identity, Input, Leakage, Tier};
use crate::backtest::figures::Figures;
use crate::backtest::report::Backtest;
use crate::backtest::row::{Exclusion, TrialRow};
use crate::backtest::spec::Spec;

fn expected() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample/expected.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The rows that the example's outcomes tell of. Refunds and cancellations are not among them.
fn rows(expected: &Value) -> Vec<TrialRow> {
    expected["outcomes"].as_array().unwrap().iter().map(row).collect()
}

fn row(outcome: &Value) -> TrialRow {
    let text = |key: &str| outcome[key].as_str().map(str::to_owned);
    let time = |key: &str| outcome[key].as_i64().map(|at| at * SECOND);
    let exclusion = text("exclusion").map(|name| Exclusion::parse(&name).unwrap());
    TrialRow {
        subscription_id: text("subscription").unwrap(),
        customer_id: text("customer").unwrap(),
        account_id: text("account").unwrap(),
        t0: time("t0").unwrap(),
        landmark: time("landmark").unwrap(),
        horizon_end: time("horizon_end").unwrap(),
        exclusion,
        is_at_risk: matches!(exclusion, None | Some(Exclusion::Immature)),
        is_matched: true,
        is_mature: exclusion != Some(Exclusion::Immature),
        signal_at: time("signal_at"),
        event_at: time("signal_at"),
        gross_converted_at: time("gross_converted_at"),
        net_converted_at: time("net_converted_at"),
        converting_subscription_id: text("converting_subscription"),
        converting_invoice_id: text("converting_invoice"),
        mrr_list_minor: outcome["mrr_list_minor"].as_f64(),
        mrr_net_minor: outcome["mrr_list_minor"].as_f64(),
        currency: text("currency"),
        stratum: text("stratum").unwrap(),
        lost_at: None,
    }
}

pub fn example() -> Backtest {
    let expected = expected();
    let config = &expected["config"];
    let spec = Spec {
        name: config["hypothesis"]["id"].as_str().unwrap().to_owned(),
        statement: config["hypothesis"]["statement"].as_str().unwrap().to_owned(),
        window_us: 3 * DAY,
        horizon_us: 30 * DAY,
        split_at: config["split_at"].as_i64().map(|at| at * SECOND),
        delta_min: config["delta_min"].as_f64(),
        ..spec()
    };
    let context = Context {
        leakage: Leakage::Clean { cutoffs: 8 },
        identity: Identity {
            tiers: vec![Tier { name: "same e-mail".into(), confidence: 0.95, events: 7 }],
            ..Identity::default()
        },
        inputs: vec![
            Input { relation: "stripe.subscriptions".into(), rows: 11 },
            Input { relation: "product.events".into(), rows: 8 },
        ],
        api_versions: vec!["2025-09-30.clover".into()],
        ..Context::at(config["as_of"].as_i64().unwrap() * SECOND)
    };
    let rows = rows(&expected);
    let figures = Figures::of(&spec, &rows, context.as_of);
    Backtest::new(spec, context, rows, figures)
}

#[test]
fn the_json_has_the_published_figures_and_nothing_else() {
    let (expected, json) = (expected(), example().json());
    assert_same("backtest", &json["backtest"], &expected["backtest"]);
    assert_same("outcomes", &json["outcomes"], &expected["outcomes"]);
}

/// Same keys, numbers within 1e-9 · max(1, |value|); `why` and `*_iso` are for readers.
pub fn assert_same(path: &str, got: &Value, expected: &Value) {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            let is_compared = |key: &&String| *key != "why" && !key.ends_with("_iso");
            for key in got.keys().chain(expected.keys().filter(is_compared)) {
                let side = |side: &serde_json::Map<String, Value>| side.get(key).cloned();
                assert_eq!(got.contains_key(key), expected.contains_key(key), "{path}.{key}");
                let (got, expected) = (side(got), side(expected));
                assert_same(&format!("{path}.{key}"), &got.unwrap(), &expected.unwrap());
            }
        }
        (Value::Array(got), Value::Array(expected)) => {
            assert_eq!(got.len(), expected.len(), "{path}");
            for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert_same(&format!("{path}[{index}]"), got, expected);
            }
        }
        (Value::Number(got), Value::Number(expected)) => {
            let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
            let tolerance = 1e-9 * expected.abs().max(1.0);
            assert!((got - expected).abs() <= tolerance, "{path}: {got}, expected {expected}");
        }
        _ => assert_eq!(got, expected, "{path}"),
    }
}
