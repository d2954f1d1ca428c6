//! Turns of phrase that several sections share.

use paydirt_udfs::stats::two_sample::Estimate;

use crate::backtest::pair::Arm;
use crate::backtest::verdict::Ruling;
use crate::format::{count, percent, signed_points};

/// `40 % (2 of 5)`, or `–` for an empty arm.
pub(super) fn arm(arm: &Arm) -> String {
    match arm.rate() {
        Some(rate) => format!("{} ({})", percent(rate), of(arm)),
        None => "–".to_owned(),
    }
}

/// `40 % of 5`, or `–` for an empty arm.
pub(super) fn rate_of(arm: &Arm) -> String {
    arm.rate()
        .map_or_else(|| "–".to_owned(), |rate| format!("{} of {}", percent(rate), count(arm.n)))
}

/// `2 of 5`
pub(super) fn of(arm: &Arm) -> String {
    format!("{} of {}", count(arm.converted), count(arm.n))
}

/// `−66 to +32 points`
pub(super) fn interval(diff: Estimate) -> String {
    format!("{} to {} points", signed_points(diff.lo), signed_points(diff.hi))
}

/// `not enough data`
pub(super) fn ruling(ruling: Ruling) -> String {
    ruling.as_str().replace('_', " ")
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
