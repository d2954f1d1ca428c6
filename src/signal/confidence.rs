//! The confidence of a signal that is listed before its landmark.

use paydirt_udfs::stats::proportion::jeffreys_lower;

use crate::backtest::figures::{Basis, Confidence};
use crate::backtest::pair::CONFIDENCE;
use crate::backtest::row::{Exclusion, TrialRow};

/// Whether a row tells how often a signal was followed by money: mature, exposed, and not paying
/// when the signal came. Who paid or left between signal and landmark counts here.
fn is_evidence(row: &TrialRow, split_at: i64) -> bool {
    let is_eligible = matches!(
        row.exclusion,
        None | Some(Exclusion::ConvertedBeforeLandmark | Exclusion::EndedBeforeLandmark)
    );
    let had_not_paid = match (row.signal_at, row.gross_converted_at) {
        (Some(signal), Some(paid)) => paid > signal,
        (signal, _) => signal.is_some(),
    };
    is_eligible && had_not_paid && row.is_mature && row.t0 >= split_at
}

/// Lower bound of P(net payment in (signal, t0 + H] | signal), over the trials of the test window;
/// `None` with fewer than `min_n` of them.
pub fn before_landmark(rows: &[TrialRow], split_at: Option<i64>, min_n: u64) -> Option<Confidence> {
    let split_at = split_at?;
    let evidence = rows.iter().filter(|row| is_evidence(row, split_at));
    let n = evidence.clone().count() as u64;
    let is_converted = |row: &&TrialRow| {
        let (Some(signal), Some(paid)) = (row.signal_at, row.net_converted_at) else {
            return false;
        };
        signal < paid && paid <= row.horizon_end
    };
    let x = evidence.filter(is_converted).count() as u64;
    let value = jeffreys_lower(x, n, CONFIDENCE).filter(|_| n >= min_n)?;
    Some(Confidence { value, basis: Basis::BeforeLandmark, x, n })
}
