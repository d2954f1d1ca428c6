//! Every case of the golden statistics vectors, against the pure functions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use paydirt_udfs::stats::classification::{f1, mcc, precision, recall};
use paydirt_udfs::stats::distribution::{beta_quantile, chi_squared_upper, normal_quantile};
use paydirt_udfs::stats::proportion::{
    Interval, agresti_coull, clopper_pearson, jeffreys, jeffreys_lower, wilson,
};
use paydirt_udfs::stats::stratified::{Table, mantel_haenszel};
use paydirt_udfs::stats::survival::{Exit, aalen_johansen, kaplan_meier, log_rank};
use paydirt_udfs::stats::two_sample::{
    Alternative, Estimate, fisher_exact, katz_ratio, katz_ratio_adjusted, newcombe_diff, power,
    prob_greater, rate_ratio, required_n, two_proportion_z,
};
use paydirt_udfs::stats::{multiple, quantile};
use serde_json::{Value, json};

type Compute = fn(&Args) -> Value;

/// How each function of the vectors is computed here: arguments in, the expected object out.
const FUNCTIONS: &[(&str, Compute)] = &[
    ("wilson", |a| interval(wilson(a.count("x"), a.count("n"), a.number("conf")))),
    ("clopper_pearson", |a| {
        interval(clopper_pearson(a.count("x"), a.count("n"), a.number("conf")))
    }),
    ("jeffreys", |a| interval(jeffreys(a.count("x"), a.count("n"), a.number("conf")))),
    ("agresti_coull", |a| interval(agresti_coull(a.count("x"), a.count("n"), a.number("conf")))),
    (
        "jeffreys_lower_one_sided",
        |a| json!({ "lo": jeffreys_lower(a.count("x"), a.count("n"), a.number("conf")) }),
    ),
    ("newcombe_diff", |a| {
        let [x1, n1, x2, n2] = a.arms();
        estimate("diff", newcombe_diff(x1, n1, x2, n2, a.number("conf")))
    }),
    ("katz_ratio", |a| {
        let [x1, n1, x2, n2] = a.arms();
        let found = katz_ratio(x1, n1, x2, n2, a.number("conf"));
        let ratio = rate_ratio(x1, n1, x2, n2);
        json!({ "ratio": ratio, "lo": found.map(|e| e.lo), "hi": found.map(|e| e.hi) })
    }),
    ("katz_ratio_adjusted", |a| {
        let [x1, n1, x2, n2] = a.arms();
        estimate("ratio", katz_ratio_adjusted(x1, n1, x2, n2, a.number("conf")))
    }),
    ("fisher_exact", |a| {
        let [[p, q], [r, s]] = table(&a.0["table"]);
        let alternative = match a.0["alternative"].as_str() {
            Some("two_sided") => Alternative::TwoSided,
            Some("greater") => Alternative::Greater,
            Some("less") => Alternative::Less,
            other => panic!("alternative {other:?}"),
        };
        json!({ "p": fisher_exact(p, q, r, s, alternative) })
    }),
    ("two_prop_z_pooled", |a| {
        let [x1, n1, x2, n2] = a.arms();
        let found = two_proportion_z(x1, n1, x2, n2);
        json!({ "z": found.map(|(z, _)| z), "p": found.map(|(_, p)| p) })
    }),
    ("prob_p1_gt_p2_jeffreys", |a| {
        let [x1, n1, x2, n2] = a.arms();
        json!({ "p": prob_greater(x1, n1, x2, n2) })
    }),
    ("required_n_two_prop", |a| {
        let ratio = a.number("ratio");
        let (p1, p2) = (a.number("p1"), a.number("p2"));
        let n1 = required_n(p1, p2, a.number("power"), a.number("alpha"), ratio);
        json!({
            "n1": n1,
            "n1_ceil": n1.map(f64::ceil),
            "n2_ceil": n1.map(|n1| (n1 * ratio).ceil()),
        })
    }),
    ("power_two_prop", |a| {
        let (p1, p2) = (a.number("p1"), a.number("p2"));
        json!({ "power": power(p1, p2, a.count("n1"), a.count("n2"), a.number("alpha")) })
    }),
    ("bh", |a| family(a, multiple::bh)),
    ("by", |a| family(a, multiple::by)),
    ("holm", |a| family(a, multiple::holm)),
    ("kaplan_meier", |a| {
        let curve = kaplan_meier(&a.survival("time", "event"), a.number("conf")).unwrap();
        let at: Vec<_> = a.numbers("at").into_iter().map(|time| curve.at(time)).collect();
        json!({
            "survival": at.iter().map(|e| e.value).collect::<Vec<_>>(),
            "lo": at.iter().map(|e| e.lo).collect::<Vec<_>>(),
            "hi": at.iter().map(|e| e.hi).collect::<Vec<_>>(),
            "median": curve.median(),
        })
    }),
    ("logrank", |a| {
        let found = log_rank(&a.survival("time1", "event1"), &a.survival("time2", "event2"));
        json!({ "chi2": found.map(|r| r.chi2), "p": found.map(|r| r.p) })
    }),
    ("aalen_johansen", |a| {
        let exits = a.numbers("event").into_iter().map(|code| Exit::from_code(code as i64));
        let rows: Vec<_> = a.numbers("time").into_iter().zip(exits.map(Option::unwrap)).collect();
        let curve = aalen_johansen(&rows, 0.95).unwrap();
        let at: Vec<_> = a.numbers("at").into_iter().map(|time| curve.at(time)).collect();
        json!({
            "cif1": at.iter().map(|[first, _]| first.value).collect::<Vec<_>>(),
            "cif2": at.iter().map(|[_, second]| second.value).collect::<Vec<_>>(),
        })
    }),
    ("cmh", |a| {
        let tables: Vec<_> = a.list("tables").iter().map(table).collect();
        let found = mantel_haenszel(&tables).unwrap();
        json!({
            "or_mh": found.or_mh,
            "or_lo": found.or_ci95.map(|i| i.lo),
            "or_hi": found.or_ci95.map(|i| i.hi),
            "rr_mh": found.rr_mh,
            "chi2": found.chi2,
            "p": found.cmh_p,
            "chi2_corrected": found.chi2_corrected,
            "p_corrected": found.p_corrected,
            "breslow_day_chi2": found.breslow_day_chi2,
            "breslow_day_p": found.breslow_day_p,
        })
    }),
    ("quantile_linear", |a| {
        let x = a.numbers("x");
        let values: Vec<_> =
            a.numbers("q").into_iter().map(|q| quantile::quantile(&x, q)).collect();
        json!({ "values": values })
    }),
    ("precision_recall_f1", |a| {
        let [tp, fp, fn_, tn] = ["tp", "fp", "fn", "tn"].map(|name| a.count(name));
        json!({
            "precision": precision(tp, fp),
            "recall": recall(tp, fn_),
            "f1": f1(tp, fp, fn_),
            "mcc": mcc(tp, fp, fn_, tn),
        })
    }),
    ("beta_ppf", |a| json!({ "x": beta_quantile(a.number("a"), a.number("b"), a.number("q")) })),
    ("norm_ppf", |a| json!({ "x": normal_quantile(a.number("q")) })),
    ("chi2_sf", |a| json!({ "p": chi_squared_upper(a.number("x"), a.count("df")) })),
];

struct Args<'a>(&'a Value);

impl Args<'_> {
    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn count(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn list(&self, name: &str) -> &Vec<Value> {
        self.0[name].as_array().unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.list(name).iter().map(|value| value.as_f64().unwrap()).collect()
    }

    fn arms(&self) -> [u64; 4] {
        ["x1", "n1", "x2", "n2"].map(|name| self.count(name))
    }

    fn survival(&self, time: &str, event: &str) -> Vec<(f64, bool)> {
        let events = self.numbers(event).into_iter().map(|event| event == 1.0);
        self.numbers(time).into_iter().zip(events).collect()
    }
}

fn table(value: &Value) -> Table {
    let cell = |row: usize, column: usize| value[row][column].as_u64().unwrap();
    [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
}

fn interval(found: Option<Interval>) -> Value {
    json!({ "lo": found.map(|i| i.lo), "hi": found.map(|i| i.hi) })
}

fn estimate(name: &str, found: Option<Estimate>) -> Value {
    json!({
        name: found.map(|e| e.value),
        "lo": found.map(|e| e.lo),
        "hi": found.map(|e| e.hi),
    })
}

fn family(args: &Args, adjust: fn(&[Option<f64>]) -> Vec<Option<f64>>) -> Value {
    let p: Vec<_> = args.list("p").iter().map(Value::as_f64).collect();
    let alpha = args.number("alpha");
    let q = adjust(&p);
    let reject: Vec<_> = q.iter().map(|q| q.map(|q| q <= alpha)).collect();
    json!({ "q": q, "reject": reject })
}

/// Equal in shape, nulls and booleans; numbers within tol·max(1, |expected|).
fn agrees(got: &Value, expected: &Value, tol: f64) -> bool {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            got.len() == expected.len()
                && expected
                    .iter()
                    .all(|(key, value)| got.get(key).is_some_and(|got| agrees(got, value, tol)))
        }
        (Value::Array(got), Value::Array(expected)) => {
            got.len() == expected.len()
                && got.iter().zip(expected).all(|(got, expected)| agrees(got, expected, tol))
        }
        (Value::Number(got), Value::Number(expected)) => {
            let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
            (got - expected).abs() <= tol * expected.abs().max(1.0)
        }
        _ => got == expected,
    }
}

fn golden(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_case_of_the_vectors_holds() {
    let file = golden("tests/vectors/stat_vectors.json");
    let functions: BTreeMap<_, _> = FUNCTIONS.iter().copied().collect();
    let mut passed: BTreeMap<&str, usize> = functions.keys().map(|name| (*name, 0)).collect();
    let mut failures = Vec::new();

    for case in file["cases"].as_array().unwrap() {
        let (id, name) = (&case["id"], case["fn"].as_str().unwrap());
        let Some(compute) = functions.get(name) else {
            failures.push(format!("{id}: no entry for function {name}"));
            continue;
        };
        let got = compute(&Args(&case["args"]));
        let expected = &case["expected"];
        if agrees(&got, expected, case["tol"].as_f64().unwrap()) {
            *passed.entry(name).or_default() += 1;
        } else {
            failures.push(format!("{id}: got {got}, expected {expected}"));
        }
    }

    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(passed.values().all(|count| *count > 0), "functions without a case: {passed:?}");
    assert_eq!(passed.values().sum::<usize>(), 567);
    assert_eq!(passed.len(), 25);
}

/// The figures of a pair of arms as the worked example prints them.
fn pair(arms: [u64; 4], strata: &Value) -> Value {
    let [x1, n1, x2, n2] = arms;
    let tables: Vec<_> = strata.as_object().unwrap().values().map(table).collect();
    let bounds = |found: Option<Estimate>| found.map(|e| [e.lo, e.hi]);
    let newcombe = newcombe_diff(x1, n1, x2, n2, 0.95);
    let fisher = |alternative| fisher_exact(x1, n1 - x1, x2, n2 - x2, alternative);
    let mh = mantel_haenszel(&tables).unwrap();
    json!({
        "diff": newcombe.map(|e| e.value),
        "diff_newcombe95": bounds(newcombe),
        "lift_ratio": rate_ratio(x1, n1, x2, n2),
        "lift_katz95": bounds(katz_ratio(x1, n1, x2, n2, 0.95)),
        "fisher_p_two_sided": fisher(Alternative::TwoSided),
        "fisher_p_greater": fisher(Alternative::Greater),
        "prob_exposed_better": prob_greater(x1, n1, x2, n2),
        "mantel_haenszel": {
            "strata_used": mh.strata_used,
            "rows_used": mh.rows_used,
            "or_mh": mh.or_mh,
            "or_ci95": [mh.or_ci95.map(|i| i.lo), mh.or_ci95.map(|i| i.hi)],
            "cmh_p": mh.cmh_p,
            "risk_difference": mh.risk_difference,
        },
    })
}

#[test]
fn the_worked_example_holds() {
    let backtest = &golden("data/sample/expected.json")["backtest"];
    for expected in [backtest, &backtest["split"]["train"]] {
        let arms = [
            &expected["exposed"]["converted"],
            &expected["exposed"]["n"],
            &expected["control"]["converted"],
            &expected["control"]["n"],
        ];
        let got = pair(arms.map(|count| count.as_u64().unwrap()), &expected["strata"]);
        for (key, value) in got.as_object().unwrap() {
            assert!(agrees(value, &expected[key], 1e-9), "{key}: {value}, not {}", expected[key]);
        }
    }

    let confidence = &backtest["confidence"];
    let lower = jeffreys_lower(2, 5, 0.95);
    assert!(agrees(&json!(lower), &confidence["value"], 1e-9), "{lower:?}");

    let plan = &backtest["required_n_for_delta"];
    let rate = |key: &str| plan[key].as_f64().unwrap();
    let n = required_n(rate("p_exposed"), rate("p_control"), 0.8, 0.05, 1.0).map(f64::ceil);
    assert_eq!(n, plan["n_per_arm"].as_f64());
}
