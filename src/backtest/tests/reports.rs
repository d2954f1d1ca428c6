//! The report for people, word for word.

use unicode_width::UnicodeWidthStr;

use super::example::example;
use super::rows::{DAY, START, clear_effect, row, spec};
use crate::backtest::context::{Context, Family, Identity, Input, Leakage, Tier};
use crate::backtest::document::Style;
use crate::backtest::figures::Figures;
use crate::backtest::pair::Arm;
use crate::backtest::report::Backtest;
use crate::backtest::row::{Exclusion, TrialRow};
use crate::backtest::spec::{RateClaim, RateOp, Spec};
use crate::backtest::verdict::Reason;

fn report(spec: Spec, context: Context, rows: Vec<TrialRow>) -> Backtest {
    let figures = Figures::of(&spec, &rows, context.as_of);
    Backtest::new(spec, context, rows, figures)
}

fn empty() -> Backtest {
    report(spec(), Context::at(START), vec![])
}

fn validated() -> Backtest {
    let as_of = START + 400 * DAY;
    let context = Context {
        leakage: Leakage::Clean { cutoffs: 10 },
        family: Family { q: Some(0.0002), m: 12, looks: 2, members: vec![] },
        identity: Identity {
            tiers: vec![
                Tier { name: "account id".into(), confidence: 1.0, events: 1_204 },
                Tier { name: "same e-mail".into(), confidence: 0.95, events: 310 },
                Tier { name: "same domain".into(), confidence: 0.7, events: 88 },
            ],
            ambiguous_events: 3,
            unlinked_events: 41,
            unlinked_domains: vec![("gmail.com".into(), 30), ("no e-mail".into(), 11)],
        },
        inputs: vec![
            Input { relation: "stripe.subscriptions".into(), rows: 512 },
            Input { relation: "stripe.invoices".into(), rows: 2_048 },
            Input { relation: "product.events".into(), rows: 1_602 },
        ],
        ..Context::at(as_of)
    };
    let spec = Spec { expect: Some(RateClaim { op: RateOp::AtLeast, value: 0.4 }), ..spec() };
    report(spec, context, clear_effect(400))
}

fn leaking() -> Backtest {
    let context = Context {
        leakage: Leakage::Violated {
            cutoffs: 6,
            needs_later_data: 31,
            withdrawn_by_later_data: 0,
            accounts: vec!["dom:acme.com".into(), "dom:beta.io".into()],
            examples: vec![
                "dom:acme.com: as of 2025-03-01T00:00:00Z, its signal of 2025-02-03T00:00:00Z was \
                 not there yet"
                    .into(),
            ],
        },
        ..Context::at(START + 400 * DAY)
    };
    report(spec(), context, clear_effect(60))
}

#[test]
fn the_example() {
    insta::assert_snapshot!(example().text(Style::default()));
}

#[test]
fn the_example_as_markdown() {
    insta::assert_snapshot!(example().markdown());
}

#[test]
fn a_company_without_trials() {
    insta::assert_snapshot!(empty().text(Style::default()));
}

#[test]
fn a_hypothesis_that_holds() {
    insta::assert_snapshot!(validated().text(Style::default()));
}

#[test]
fn a_leak_hides_the_figures() {
    let text = leaking().text(Style::default());
    assert!(!text.contains("Who converts"), "{text}");
    insta::assert_snapshot!(text);
}

/// Claim and verdict only.
fn opening(backtest: &Backtest) -> String {
    let text = backtest.text(Style::default());
    text.split("Who converts").next().unwrap_or_default().to_owned()
}

#[test]
fn a_rejection_says_what_was_ruled_out() {
    let verdict = |delta: f64, is_turned_round: bool| {
        let spec = Spec { delta_min: Some(delta), ..spec() };
        let mut rows = clear_effect(400);
        if is_turned_round {
            for row in &mut rows {
                let signal_at = (!row.is_exposed()).then_some(row.t0 + DAY);
                (row.signal_at, row.event_at) = (signal_at, signal_at);
            }
        }
        opening(&report(spec, Context::at(START + 400 * DAY), rows))
    };
    insta::assert_snapshot!(format!("{}\n{}", verdict(0.6, false), verdict(0.05, true)));
}

#[test]
fn every_reason_is_a_sentence_with_its_figures() {
    let mut backtest = report(
        Spec { expect: Some(RateClaim { op: RateOp::AtLeast, value: 0.9 }), ..spec() },
        Context::at(START + 400 * DAY),
        clear_effect(400),
    );
    backtest.verdict.reasons = vec![
        Reason::RateBelowClaim,
        Reason::NExposed,
        Reason::NControl,
        Reason::NEvents,
        Reason::NTrain,
        Reason::NTest,
        Reason::Strata,
        Reason::TrainCiIncludes0,
        Reason::TrainQ,
        Reason::StratifiedReverses,
        Reason::TrainAdjusted,
        Reason::TestDirection,
        Reason::TestProbability,
        Reason::RateNotShown,
    ];
    insta::assert_snapshot!(opening(&backtest));
}

#[test]
fn no_report_is_wider_than_a_hundred_columns_or_speaks_of_causes() {
    for backtest in [example(), empty(), validated(), leaking()] {
        let text = backtest.text(Style::default());
        for line in text.lines() {
            assert!(line.width() <= 100, "{} columns: {line}", line.width());
        }
        for word in ["drive", "cause", "because of", "leads to", "NaN", "inf"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn long_names_do_not_widen_a_report() {
    let mut rows = clear_effect(100);
    for row in &mut rows {
        row.stratum = row.stratum.repeat(30);
    }
    let rows: Vec<TrialRow> = std::iter::repeat_n(rows, 40).flatten().collect();
    let spec = Spec { name: "n".repeat(300), statement: "word ".repeat(60), ..spec() };
    let mut report = report(spec, Context::at(START + 400 * DAY), rows);
    let figures = report.figures.clone();
    report.add_variant(&"choice ".repeat(20), figures);
    let text = report.text(Style::default());
    let is_name = |line: &&str| line.contains(&"n".repeat(100));
    assert!(text.lines().filter(|line| !is_name(line)).all(|line| line.width() <= 100), "{text}");
}

#[test]
fn large_counts_do_not_widen_a_report() {
    let mut backtest = validated();
    let arm = Arm { n: 234_567, converted: 123_456, gross_converted: 123_999 };
    let figures = &mut backtest.figures;
    let pairs = [&mut figures.pooled, &mut figures.split.train, &mut figures.split.test];
    let variants = backtest.variants.iter_mut().map(|variant| &mut variant.pooled);
    for pair in pairs.into_iter().chain(variants) {
        (pair.exposed, pair.control) = (arm, arm);
    }
    for cohort in &mut figures.cohorts {
        (cohort.exposed, cohort.control) = (arm, arm);
    }
    let text = backtest.text(Style::default());
    assert!(text.lines().all(|line| line.width() <= 100), "{text}");
    assert!(!text.contains('…'), "{text}");
}

#[test]
fn one_arm_alone_and_none_at_all_are_said_by_name() {
    let rows =
        |is_exposed: bool| (0..3).map(move |id| row(id, START, is_exposed, id > 0)).collect();
    let mut retrials: Vec<TrialRow> = rows(true);
    for row in &mut retrials {
        row.exclusion = Some(Exclusion::Retrial);
    }
    let reports = [rows(true), rows(false), retrials]
        .map(|rows| report(spec(), Context::at(START + 400 * DAY), rows).text(Style::default()));
    insta::assert_snapshot!(reports.join("\n\n"));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let backtest = validated();
    let coloured = backtest.text(Style { color: true });
    assert!(coloured.contains("\x1b[32m"));
    let mut plain = String::new();
    for (index, piece) in coloured.split("\x1b[").enumerate() {
        plain += if index == 0 { piece } else { piece.split_once('m').unwrap().1 };
    }
    assert_eq!(plain, backtest.text(Style::default()));
}
