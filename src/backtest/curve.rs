//! How conversion builds up after the landmark, with leaving as a competing end.

use paydirt_udfs::stats::proportion::Interval;
use paydirt_udfs::stats::survival::{Exit, IncidenceCurve, aalen_johansen};

use super::pair::CONFIDENCE;
use super::row::TrialRow;

const DAY_US: f64 = 86_400e6;
/// Days after the landmark at which a curve is read, as far as the horizon allows.
const DAYS: [f64; 6] = [7.0, 14.0, 21.0, 30.0, 45.0, 60.0];

/// The curves of both arms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    pub exposed: Curve,
    pub control: Curve,
}

/// Cumulative incidence of one arm, over the landmark population and its immature rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    pub n: u64,
    /// How many of them are immature.
    pub n_running: u64,
    pub points: Vec<CurvePoint>,
}

/// The share of an arm that had converted, and that was lost, so many days after the landmark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    pub days: f64,
    /// Whether this is the end of the horizon.
    pub is_horizon: bool,
    pub converted: f64,
    /// Pointwise 95 % interval of `converted`, log(−log) transformed.
    pub interval: Option<Interval>,
    pub lost: f64,
}

impl Curves {
    /// Curves of all rows at risk at their landmark, censored at `as_of` (µs).
    pub fn of(rows: &[TrialRow], as_of: i64) -> Self {
        let arm = |is_exposed: bool| {
            let rows: Vec<&TrialRow> = rows
                .iter()
                .filter(|row| row.is_in_analysis() || row.is_running())
                .filter(|row| row.is_exposed() == is_exposed && row.landmark < as_of)
                .collect();
            Curve::of(&rows, as_of)
        };
        Self { exposed: arm(true), control: arm(false) }
    }
}

impl Curve {
    fn of(rows: &[&TrialRow], as_of: i64) -> Self {
        let exits: Vec<(f64, Exit)> = rows.iter().map(|row| exit(row, as_of)).collect();
        let points = aalen_johansen(&exits, CONFIDENCE).map(|curve| read(&curve, rows, &exits));
        Self {
            n: rows.len() as u64,
            n_running: rows.iter().filter(|row| row.is_running()).count() as u64,
            points: points.unwrap_or_default(),
        }
    }
}

/// Days from the landmark to the first of: converted, lost, as-of time.
fn exit(row: &TrialRow, as_of: i64) -> (f64, Exit) {
    let candidates = [(row.net_converted_at, Exit::First), (row.lost_at, Exit::Second)];
    let (at, exit) = candidates
        .into_iter()
        .filter_map(|(at, exit)| Some((at?, exit)))
        .filter(|(at, _)| *at <= as_of)
        .min_by_key(|(at, _)| *at)
        .unwrap_or((as_of, Exit::Censored));
    ((at - row.landmark) as f64 / DAY_US, exit)
}

fn read(curve: &IncidenceCurve, rows: &[&TrialRow], exits: &[(f64, Exit)]) -> Vec<CurvePoint> {
    let Some(horizon) = rows.first().map(|row| (row.horizon_end - row.landmark) as f64 / DAY_US)
    else {
        return Vec::new();
    };
    let days = DAYS.into_iter().filter(|days| *days < horizon).chain([horizon]);
    days.filter(|days| is_known_at(*days, exits))
        .map(|days| {
            let [converted, lost] = curve.at(days);
            CurvePoint {
                days,
                is_horizon: days == horizon,
                converted: converted.value,
                interval: (converted.value > 0.0)
                    .then_some(Interval { lo: converted.lo, hi: converted.hi }),
                lost: lost.value,
            }
        })
        .collect()
}

/// Beyond the last row a curve is flat only if nobody was left to move it.
fn is_known_at(days: f64, exits: &[(f64, Exit)]) -> bool {
    let last = exits.iter().map(|(time, _)| *time).fold(f64::NEG_INFINITY, f64::max);
    let is_censored_last =
        exits.iter().any(|(time, exit)| *time == last && *exit == Exit::Censored);
    days <= last || !is_censored_last
}
