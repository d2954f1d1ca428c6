//! Rows and hypotheses to test with.

use crate::backtest::row::TrialRow;
use crate::backtest::spec::{Gates, Spec};

pub const SECOND: i64 = 1_000_000;
pub const DAY: i64 = 86_400 * SECOND;
/// 2025-01-01
pub const START: i64 = 1_735_689_600 * SECOND;

pub fn spec() -> Spec {
    Spec {
        name: "shared_a_report".into(),
        statement: "trialists who share a report within 3 days convert".into(),
        path: Some("sql/hypotheses/shared_a_report.sql".into()),
        sql_hash: "5d41402abc4b2a76b9719d911017c592".into(),
        population: "trials".into(),
        outcome: "net_conversion".into(),
        window_us: 3 * DAY,
        horizon_us: 30 * DAY,
        strata: Some("product".into()),
        split_at: None,
        delta_min: None,
        gates: Gates::default(),
        min_identity_confidence: 0.7,
        expect: None,
        signal: Some("trial_about_to_convert".into()),
    }
}

/// A row of the landmark population that started at `t0`: shown on day 1, paid on day 14.
pub fn row(id: usize, t0: i64, is_exposed: bool, is_converted: bool) -> TrialRow {
    let paid_at = is_converted.then_some(t0 + 14 * DAY);
    TrialRow {
        subscription_id: format!("sub_{id}"),
        customer_id: format!("cus_{id}"),
        account_id: format!("cus:cus_{id}"),
        t0,
        landmark: t0 + 3 * DAY,
        horizon_end: t0 + 30 * DAY,
        exclusion: None,
        is_at_risk: true,
        is_matched: true,
        is_mature: true,
        signal_at: is_exposed.then_some(t0 + DAY),
        event_at: is_exposed.then_some(t0 + DAY),
        gross_converted_at: paid_at,
        net_converted_at: paid_at,
        converting_subscription_id: is_converted.then(|| format!("sub_{id}")),
        converting_invoice_id: is_converted.then(|| format!("in_{id}")),
        mrr_list_minor: is_converted.then_some(4900.0),
        mrr_net_minor: is_converted.then_some(3900.0),
        currency: Some("usd".into()),
        stratum: ["basic", "plus"][id % 2].into(),
        lost_at: (!is_converted).then_some(t0 + 15 * DAY),
    }
}

/// `n` rows half a day apart, 40 % exposed, of whom about 65 % convert; 30 % of the others do.
pub fn clear_effect(n: usize) -> Vec<TrialRow> {
    (0..n)
        .map(|id| {
            let is_exposed = percentile(2 * id) < 40;
            let is_converted = percentile(2 * id + 1) < if is_exposed { 65 } else { 30 };
            let mut row = row(id, START + id as i64 * DAY / 2, is_exposed, is_converted);
            // Some stay on a plan that costs nothing.
            row.lost_at = row.lost_at.filter(|_| percentile(5 * id + 3) < 80);
            row
        })
        .collect()
}

/// A number below 100 that looks random and is the same every time.
fn percentile(seed: usize) -> u64 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (mixed ^ (mixed >> 32)) % 100
}
