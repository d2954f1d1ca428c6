//! Rules that hold for any rows: the split, the ladder, the curve, claims of a rate.

use super::rows::{DAY, SECOND, START, clear_effect, row, spec};
use crate::backtest::context::{Context, Leakage};
use crate::backtest::figures::Figures;
use crate::backtest::report::Backtest;
use crate::backtest::row::{Exclusion, TrialRow};
use crate::backtest::spec::{RateClaim, RateOp, Spec};
use crate::backtest::verdict::{Reason, Ruling};

const AS_OF: i64 = START + 2000 * DAY;

fn backtest(spec: Spec, rows: Vec<TrialRow>) -> Backtest {
    let figures = Figures::of(&spec, &rows, AS_OF);
    let context = Context { leakage: Leakage::Clean { cutoffs: 5 }, ..Context::at(AS_OF) };
    Backtest::new(spec, context, rows, figures)
}

#[test]
fn a_clear_effect_that_holds_is_validated_and_may_be_emitted() {
    let backtest = backtest(spec(), clear_effect(400));
    assert_eq!(backtest.verdict.ruling, Ruling::Validated, "{:?}", backtest.verdict);
    assert!(backtest.emitted_confidence().is_some());
}

#[test]
fn a_leak_makes_any_verdict_invalid() {
    let rows = clear_effect(400);
    let figures = Figures::of(&spec(), &rows, AS_OF);
    let leakage = Leakage::Violated {
        cutoffs: 5,
        needs_later_data: 3,
        withdrawn_by_later_data: 0,
        accounts: vec![],
        examples: vec![],
    };
    let context = Context { leakage, ..Context::at(AS_OF) };
    let backtest = Backtest::new(spec(), context, rows, figures);
    assert_eq!(backtest.verdict.ruling, Ruling::Invalid);
    assert_eq!(backtest.verdict.reasons, [Reason::Leakage]);
    assert_eq!(backtest.emitted_confidence(), None);
}

#[test]
fn rows_known_at_the_split_train_and_rows_begun_after_it_test() {
    let rows: Vec<TrialRow> =
        (0..101).map(|id| row(id, START + id as i64 * DAY, id % 2 == 0, false)).collect();
    let figures = Figures::of(&spec(), &rows, AS_OF);
    let split = &figures.split;
    assert_eq!(split.at, Some(START + 70 * DAY));
    assert_eq!(split.train.n(), 41, "t0 + 30 days at or before day 70");
    assert_eq!(split.test.n(), 31, "day 70 or later");
    assert_eq!(split.embargoed, 29);
}

#[test]
fn the_default_split_is_a_whole_second() {
    let rows = vec![row(0, START, true, true), row(1, START + SECOND + 1, false, true)];
    let at = Figures::of(&spec(), &rows, AS_OF).split.at;
    assert_eq!(at, Some(START));
}

#[test]
fn every_rung_is_counted_and_the_ladder_adds_up() {
    let mut rows = clear_effect(20);
    for (row, rung) in rows.iter_mut().zip(Exclusion::ALL) {
        row.exclusion = Some(rung);
    }
    let figures = Figures::of(&spec(), &rows, AS_OF);
    assert_eq!(figures.ladder.total(), 20);
    assert_eq!(figures.ladder.in_analysis, 12);
    assert_eq!(figures.coverage.eligible_at_risk, 13);
    assert_eq!(figures.pooled.n(), 12);
}

#[test]
fn an_immature_row_moves_the_curve_but_no_arm() {
    let mut running = row(1, START, true, true);
    running.exclusion = Some(Exclusion::Immature);
    running.is_mature = false;
    let as_of = START + 20 * DAY;
    let figures = Figures::of(&spec(), &[running], as_of);
    assert_eq!(figures.pooled.n(), 0);
    let curve = &figures.curves.exposed;
    assert_eq!((curve.n, curve.n_running), (1, 1));
    let shares: Vec<(f64, f64)> =
        curve.points.iter().map(|point| (point.days, point.converted)).collect();
    assert_eq!(shares, [(7.0, 0.0), (14.0, 1.0), (21.0, 1.0), (27.0, 1.0)]);
}

#[test]
fn a_curve_ends_where_nobody_was_watched_any_longer() {
    let mut running = row(1, START, true, false);
    running.exclusion = Some(Exclusion::Immature);
    running.is_mature = false;
    running.lost_at = None;
    let figures = Figures::of(&spec(), &[running], START + 12 * DAY);
    let days: Vec<f64> = figures.curves.exposed.points.iter().map(|point| point.days).collect();
    assert_eq!(days, [7.0]);
}

#[test]
fn leaving_and_coming_back_counts_as_lost_in_the_curve_and_as_converted_in_the_arm() {
    let mut back = row(1, START, true, true);
    back.lost_at = Some(START + 5 * DAY);
    let figures = Figures::of(&spec(), &[back], AS_OF);
    assert_eq!(figures.pooled.exposed.converted, 1);
    let last = figures.curves.exposed.points.last().unwrap();
    assert_eq!((last.converted, last.lost), (0.0, 1.0));
}

#[test]
fn payments_after_the_horizon_are_counted_and_warned_of() {
    let mut rows = clear_effect(40);
    rows[1].net_converted_at = Some(rows[1].horizon_end + DAY);
    rows[1].gross_converted_at = rows[1].net_converted_at;
    for row in rows.iter_mut().skip(2) {
        row.gross_converted_at = None;
        row.net_converted_at = None;
    }
    let backtest = backtest(spec(), rows);
    assert_eq!(backtest.figures.late_payments.after_horizon, 1);
    assert!(backtest.warnings().iter().any(|warning| warning.code == "horizon_short"));
}

#[test]
fn unmatched_rows_are_held_against_the_verdict_as_control() {
    let mut rows = clear_effect(400);
    // Unmatched accounts that all pay: as control they turn the difference round.
    rows.extend((400..1400).map(|id| {
        let mut row = row(id, START + (id as i64 % 200) * DAY, false, true);
        row.exclusion = Some(Exclusion::Unmatched);
        row
    }));
    let backtest = backtest(spec(), rows);
    assert_eq!(backtest.verdict.ruling, Ruling::Validated);
    let variant = &backtest.variants[0];
    assert_eq!(variant.rows_added, 1000);
    assert_eq!(variant.verdict.ruling, Ruling::Rejected);
    assert!(backtest.warnings().iter().any(|warning| warning.code == "sensitive"));
}

#[test]
fn a_claimed_rate_is_shown_or_not_or_refuted() {
    // 70 % of the exposed convert, 95 % interval 63 to 76 %.
    let verdict = |op, value| {
        let spec = Spec { expect: Some(RateClaim { op, value }), ..spec() };
        backtest(spec, clear_effect(400)).verdict
    };
    assert_eq!(verdict(RateOp::AtLeast, 0.5).ruling, Ruling::Validated);
    assert_eq!(verdict(RateOp::AtLeast, 0.7).reasons, [Reason::RateNotShown]);
    let refuted = verdict(RateOp::AtLeast, 0.9);
    assert_eq!((refuted.ruling, refuted.reasons), (Ruling::Rejected, vec![Reason::RateBelowClaim]));
    assert_eq!(verdict(RateOp::Equal, 0.7).ruling, Ruling::Validated);
}

#[test]
fn the_order_of_the_rows_changes_nothing() {
    let rows = clear_effect(100);
    let reversed = rows.iter().rev().cloned().collect();
    assert_eq!(backtest(spec(), rows).json(), backtest(spec(), reversed).json());
}

#[test]
fn without_rows_every_figure_is_absent_not_zero() {
    let backtest = backtest(spec(), vec![]);
    let json = backtest.json();
    assert!(json["backtest"]["exposed"]["rate"].is_null());
    assert!(json["backtest"]["confidence"].is_null());
    assert!(json["backtest"]["delta"].is_null());
    assert_eq!(json["backtest"]["verdict"], "not_enough_data");
}
