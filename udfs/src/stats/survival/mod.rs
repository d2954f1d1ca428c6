//! Time to event with censoring: Kaplan–Meier, log-rank, Aalen–Johansen.
//!
//! Times are in any one unit, counted from the start of each row. At equal times events come
//! before censorings. Rows whose time is NaN or infinite are left out.

mod aalen_johansen;
mod kaplan_meier;
mod log_rank;

pub use aalen_johansen::{Exit, IncidenceCurve, IncidencePoint, aalen_johansen};
pub use kaplan_meier::{SurvivalCurve, SurvivalPoint, kaplan_meier};
pub use log_rank::{LogRank, log_rank};

use super::two_sample::Estimate;

/// The rows that leave at one time, and how many were at risk just before it.
struct Leaving<'a, E> {
    time: f64,
    at_risk: usize,
    rows: &'a [(f64, E)],
}

/// Rows with a finite time, ascending.
fn ascending<E: Copy>(rows: &[(f64, E)]) -> Vec<(f64, E)> {
    let mut sorted: Vec<_> = rows.iter().copied().filter(|(time, _)| time.is_finite()).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted
}

/// Sorted rows in groups of equal time.
fn by_time<E>(sorted: &[(f64, E)]) -> impl Iterator<Item = Leaving<'_, E>> {
    let mut gone = 0;
    sorted.chunk_by(|a, b| a.0 == b.0).map(move |rows| {
        let at_risk = sorted.len() - gone;
        gone += rows.len();
        Leaving { time: rows[0].0, at_risk, rows }
    })
}

/// Interval of a probability on the log(−log) scale, which keeps it inside [0, 1]; at 0 and at 1
/// the interval is the point itself.
fn log_minus_log(value: f64, variance: f64, z: f64) -> Estimate {
    // Sums of increments can miss 0 and 1 by some rounding.
    if !(1e-12..=1.0 - 1e-12).contains(&value) {
        let value = value.round();
        return Estimate { value, lo: value, hi: value };
    }
    let spread = z * variance.max(0.0).sqrt() / (value * -value.ln());
    Estimate { value, lo: value.powf(spread.exp()), hi: value.powf((-spread).exp()) }
}
