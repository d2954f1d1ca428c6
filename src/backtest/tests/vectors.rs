//! Counts in, verdict out: every published case.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::example::assert_same;
use crate::backtest::figures::{Confidence, default_delta};
use crate::backtest::pair::Pair;
use crate::backtest::spec::Gates;
use crate::backtest::verdict::{Evidence, Reason};

type Tables = BTreeMap<String, [[u64; 2]; 2]>;

/// `{stratum: [[n exposed, converted], [n control, converted]]}`
fn tables(case: &Value) -> Tables {
    let counts: Tables = serde_json::from_value(case.clone()).unwrap();
    let table = |[n, converted]: [u64; 2]| [converted, n - converted];
    counts.into_iter().map(|(name, counts)| (name, counts.map(table))).collect()
}

fn sum(train: &Tables, test: &Tables) -> Tables {
    let mut pooled = train.clone();
    for (name, table) in test {
        let sum = pooled.entry(name.clone()).or_default();
        for (arm, cell) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            sum[arm][cell] += table[arm][cell];
        }
    }
    pooled
}

#[test]
fn every_published_verdict_is_reached() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/verdict_vectors.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let (train, test) = (tables(&case["train"]), tables(&case["test"]));
        let pooled = Pair::from_strata(sum(&train, &test));
        let (train, test) = (Pair::from_strata(train), Pair::from_strata(test));
        let gate = |key: &str| case["gates"][key].as_u64().unwrap();
        let gates = Gates {
            min_arm: gate("min_arm"),
            min_events: gate("min_events"),
            min_oos_arm: gate("min_oos_arm"),
            ..Gates::default()
        };
        let delta = case["delta_min"].as_f64().or_else(|| default_delta(&train, &pooled));
        let verdict = Evidence {
            pooled: &pooled,
            train: &train,
            test: &test,
            delta,
            q: case["q_value"].as_f64(),
            is_leaking: false,
            gates,
            expect: None,
        }
        .verdict();
        let confidence = Confidence::of(&test, &pooled, &gates).unwrap();
        let diff = pooled.comparison.unwrap();
        let adjusted = |pair: &Pair| {
            let adjusted = pair.mantel_haenszel.unwrap();
            json!({
                "strata_used": adjusted.strata_used,
                "rows_used": adjusted.rows_used,
                "or_mh": adjusted.or_mh,
                "or_ci95": adjusted.or_ci95.map_or(json!([null, null]), |ci| json!([ci.lo, ci.hi])),
                "cmh_p": adjusted.cmh_p,
                "risk_difference": adjusted.risk_difference,
            })
        };
        let got = json!({
            "verdict": verdict.ruling.as_str(),
            "reasons": verdict.reasons.iter().copied().map(Reason::as_str).collect::<Vec<_>>(),
            "delta": delta,
            "confidence_estimate": {
                "value": confidence.value,
                "basis": confidence.basis.as_str(),
                "x": confidence.x,
                "n": confidence.n,
            },
            "diff": diff.diff.value,
            "diff_newcombe95": [diff.diff.lo, diff.diff.hi],
            "fisher_p_two_sided": diff.fisher_two_sided,
            "train_mantel_haenszel": adjusted(&train),
            "test_mantel_haenszel": adjusted(&test),
        });
        assert_same(name, &got, &case["expected"]);
    }
}
