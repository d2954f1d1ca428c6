//! The worked example from files to figures, by every way in which they can be asked for.

use std::sync::LazyLock;

use paydirt::backtest::table_functions;
use paydirt::backtest::{Backtest, Style, run};
use serde_json::{Map, Value, json};

use crate::command::paydirt;
use crate::company::{Company, Database, landed_sample, sample, wait};
use crate::stripe::{customer, list};

const NAME: &str = "shared_a_report";

fn expected() -> &'static Value {
    static EXPECTED: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(&std::fs::read_to_string(sample("expected.json")).unwrap()).unwrap()
    });
    &EXPECTED
}

/// The JSON that the command prints.
pub fn printed_json(company: &Company) -> Value {
    let said = paydirt(company.root(), &["backtest", NAME, "--format", "json"]);
    serde_json::from_str(&said.printed()).unwrap()
}

/// The figures and the outcomes, row by row, are those worked by hand.
pub fn assert_as_worked(json: &Value) {
    for part in ["backtest", "outcomes"] {
        assert_same(part, &json[part], &expected()[part]);
    }
}

/// Same keys; numbers within 1e-9 · max(1, |value|); `why` and `*_iso` are for readers.
fn assert_same(path: &str, got: &Value, expected: &Value) {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            let keys = |object: &Map<String, Value>| -> Vec<String> {
                let keys = object.keys().filter(|key| *key != "why" && !key.ends_with("_iso"));
                let mut keys: Vec<String> = keys.cloned().collect();
                keys.sort();
                keys
            };
            assert_eq!(keys(got), keys(expected), "{path}");
            for key in keys(got) {
                assert_same(&format!("{path}.{key}"), &got[&key], &expected[&key]);
            }
        }
        (Value::Array(got), Value::Array(expected)) => {
            assert_eq!(got.len(), expected.len(), "{path}");
            for (place, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert_same(&format!("{path}[{place}]"), got, expected);
            }
        }
        (Value::Number(got), Value::Number(expected)) => {
            let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
            let is_close = (got - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            assert!(is_close, "{path}: {got}, expected {expected}");
        }
        _ => assert_eq!(got, expected, "{path}"),
    }
}

#[test]
fn the_newer_shape_gives_the_worked_figures() {
    let company = landed_sample().copy();
    assert_as_worked(&printed_json(&company));
}

#[test]
fn the_older_shape_gives_the_same() {
    let company = Company::like_sample();
    company.land(&[sample("stripe_acacia"), sample("product_events.json")]);
    assert_as_worked(&printed_json(&company));
}

#[test]
fn doubled_and_shuffled_input_gives_the_same() {
    let company = Company::like_sample();
    let mut files: Vec<_> = std::fs::read_dir(sample("stripe_clover"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.push(sample("product_events.json"));
    files.sort();
    for path in files.iter().rev() {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut records = value.get("data").unwrap_or(&value).as_array().unwrap().clone();
        records.reverse();
        records.extend(records.clone());
        let middle = records.len() / 3;
        records.rotate_left(middle);
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        let name = path.file_stem().unwrap().to_string_lossy();
        company.land_text(&format!("{name}.ndjson"), lines);
    }
    assert_as_worked(&printed_json(&company));
}

fn in_process(database: &Database) -> Backtest {
    let engine = database.engine.clone();
    wait(async move {
        let file = engine.library.hypothesis(NAME).unwrap();
        run::run(&engine, engine.settings().await.unwrap(), &file).await.unwrap()
    })
}

#[test]
fn the_report_is_an_argument_that_fits_the_page() {
    let company = landed_sample().copy();
    let backtest = in_process(&company.open());
    assert_as_worked(&backtest.json());
    let text = backtest.text(Style::default());
    let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 100, "{widest}");
    assert!(!text.contains('\u{1b}'), "colour where nobody asked for it");
    let mut rest = text.as_str();
    // In this order: claim, verdict, arms, baseline, stability, exclusions, what would be needed.
    for sentence in [
        "The claim: Trialists who share a report within 3 days of trial start pay within 30 days.",
        "not enough data. A useful difference is neither shown nor ruled out: 40 % of the exposed",
        "−27 points (95 % interval −66 to +32 points)",
        "5 accounts showed the behaviour; a verdict needs 20 [n_exposed]",
        "40 %  2 of 5 (3 before refunds)",
        "67 %  2 of 3",
        "The baseline is 50 %",
        "Newcombe",
        "1 of 2 strata, 7 of 8 rows",
        "Does it hold later",
        "train   50 % (1 of 2)  50 % (1 of 2)",
        "Who is counted",
        "10  trials in the data",
        "1  30 days not over by 2025-12-01         immature",
        "1  paid within 3 days                     converted_before_landmark",
        "8  are compared                           in_analysis",
        "8 of 8 trials that could be compared are linked to product events (100 %).",
        "unmatched as control",
        "67 % against 72 % needs 1,338 an arm",
        "as of: 2025-12-01",
    ] {
        let at = rest.find(sentence).unwrap_or_else(|| panic!("{sentence}\nnot in\n{text}"));
        rest = &rest[at..];
    }
    let markdown = backtest.markdown();
    for sentence in ["not enough data", "2 of 5", "2 of 3", "−27 points"] {
        assert!(markdown.contains(sentence), "{sentence}\n{markdown}");
    }
    assert!(markdown.starts_with("# "), "{markdown}");
}

#[test]
fn the_same_over_surer_links_stands_beside() {
    let company = landed_sample().copy();
    let json = printed_json(&company);
    let name = "only links of 0.90 and surer";
    let beside = json["sensitivity"].as_array().unwrap().iter().find(|it| it["name"] == name);
    let beside = beside.unwrap_or_else(|| panic!("{}", json["sensitivity"]));
    let report = paydirt(company.root(), &["backtest", NAME]).printed();
    assert!(report.contains(name), "{report}");
    // It is what a run says that allows no others, and such a run has nothing to add.
    let sql = std::fs::read_to_string(sample("shared_a_report.sql")).unwrap();
    let strict = sql.replacen("-- @horizon", "-- @min_confidence 0.90\n-- @horizon", 1);
    assert_ne!(strict, sql);
    company.write("sql/hypotheses/shared_a_report.sql", strict);
    let json = printed_json(&company);
    for arm in ["exposed", "control"] {
        assert_eq!(json["backtest"][arm], beside[arm], "{arm}");
    }
    assert_eq!(json["sensitivity"].as_array().unwrap().len(), 1, "{}", json["sensitivity"]);
}

#[test]
fn a_pipeline_can_ask_for_a_verdict() {
    let company = landed_sample().copy();
    let said = paydirt(company.root(), &["backtest", NAME, "--require", "validated"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("not enough data"), "{}", said.out);

    let never = "-- Nobody does this.\n-- @horizon 30d\nselect account_id, occurred_at as signal_at \
                 from product.account_events where event = 'never'\n";
    company.write("sql/hypotheses/a_never.sql", never);
    let said = paydirt(company.root(), &["backtest", "--all", "--require", "validated"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let line = |name: &str| said.out.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line("a_never").contains("– of 0"), "{}", said.out);
    for part in ["not enough data", "40 % of 5", "67 % of 3", "1.000", "n_exposed"] {
        assert!(line(NAME).contains(part), "{part}: {}", said.out);
    }
    let widest = said.out.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 130, "{widest}");
}

#[test]
fn sql_gives_the_same_figures_and_rows() {
    let company = landed_sample().copy();
    let database = company.open();
    table_functions::register(&database.engine, &database.session);
    let figures = &expected()["backtest"];
    let row = database.rows(&format!(
        "select exposed, exposed_converted, control, control_converted, verdict, diff, diff_lo, \
         diff_hi, fisher_p, or_mh, delta, confidence, coverage from backtest('{NAME}')"
    ));
    let cells: Vec<&str> = row[0].split(" | ").collect();
    assert_eq!(cells[..5], ["5", "2", "3", "2", "not_enough_data"]);
    let interval = &figures["diff_newcombe95"];
    let numbers = [
        &figures["diff"],
        &interval[0],
        &interval[1],
        &figures["fisher_p_two_sided"],
        &figures["mantel_haenszel"]["or_mh"],
        &figures["delta"],
        &figures["confidence"]["value"],
        &figures["coverage"]["rate"],
    ];
    for (cell, number) in cells[5..].iter().zip(numbers) {
        assert_same(cell, &json!(cell.parse::<f64>().unwrap()), number);
    }

    let got = database.rows(&format!(
        "select subscription_id, account_id, exclusion, arm, \
         cast(extract(epoch from signal_at) as bigint), converted, converting_invoice_id \
         from backtest_rows('{NAME}') where is_index order by subscription_id"
    ));
    let text = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut wanted: Vec<String> = expected()["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let arm = match (&row["exclusion"], row["exposed"].as_bool().unwrap()) {
                (Value::Null, true) => "exposed",
                (Value::Null, false) => "control",
                _ => "NULL",
            };
            [
                text(&row["subscription"]),
                text(&row["account"]),
                text(&row["exclusion"]),
                arm.to_owned(),
                text(&row["signal_at"]),
                text(&row["converted"]),
                text(&row["converting_invoice"]),
            ]
            .join(" | ")
        })
        .collect();
    wanted.sort();
    assert_eq!(got, wanted);

    let error = database.try_rows("select * from backtest('shared_a_reprot')").unwrap_err();
    assert!(error.message().contains("no hypothesis `shared_a_reprot`"), "{error}");
    let error = database.try_rows("select * from backtest(1)").unwrap_err();
    assert!(error.message().contains("takes the name of a hypothesis"), "{error}");
}

#[test]
fn a_company_without_trials_is_told_so() {
    let company = Company::like_sample();
    company.land_text(
        "c.json",
        list(&[customer("cus_1", 1_700_000_000, Some("a@one.com"), json!({}))]),
    );
    let said = paydirt(company.root(), &["backtest", NAME]);
    let text = said.printed();
    assert!(text.contains("There is no trial in this company's Stripe data"), "{text}");
    assert!(text.contains("A trial is a subscription with a trial start"), "{text}");
}
