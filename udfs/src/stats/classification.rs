//! A signal read as a classifier of conversion: counts of a confusion matrix; 0/0 is `None`.

fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    (denominator > 0.0).then(|| numerator / denominator)
}

/// tp / (tp + fp): the share of signalled rows that converted.
pub fn precision(tp: u64, fp: u64) -> Option<f64> {
    ratio(tp as f64, tp as f64 + fp as f64)
}

/// tp / (tp + fn): the share of conversions that were signalled.
pub fn recall(tp: u64, fn_: u64) -> Option<f64> {
    ratio(tp as f64, tp as f64 + fn_ as f64)
}

/// Harmonic mean of precision and recall, 2tp / (2tp + fp + fn).
pub fn f1(tp: u64, fp: u64, fn_: u64) -> Option<f64> {
    let twice = 2.0 * tp as f64;
    ratio(twice, twice + fp as f64 + fn_ as f64)
}

/// Matthews correlation coefficient (= phi), −1 … 1; `None` if a margin of the table is empty.
pub fn mcc(tp: u64, fp: u64, fn_: u64, tn: u64) -> Option<f64> {
    let (tp, fp, fn_, tn) = (tp as f64, fp as f64, fn_ as f64, tn as f64);
    let margins = (tp + fp).sqrt() * (tp + fn_).sqrt() * (tn + fp).sqrt() * (tn + fn_).sqrt();
    ratio(tp * tn - fp * fn_, margins)
}
