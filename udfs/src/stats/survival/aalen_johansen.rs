//! The Aalen–Johansen estimate of cumulative incidence with two competing causes.

use super::{Leaving, ascending, by_time, log_minus_log};
use crate::stats::distribution::two_sided_z;
use crate::stats::two_sample::Estimate;

/// How a row left observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Censored,
    /// The outcome looked for, for example converted.
    First,
    /// What makes the outcome impossible, for example lost.
    Second,
}

impl Exit {
    /// 0, 1, 2 in this order.
    pub fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Censored),
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }
}

/// Cumulative incidence from one observed time up to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IncidencePoint {
    pub time: f64,
    /// Rows still under observation just before `time`.
    pub at_risk: u64,
    /// P(left by `time` through the cause), first and second, each with its pointwise interval.
    pub causes: [Estimate; 2],
}

/// A step function, one point per distinct observed time, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidenceCurve {
    pub points: Vec<IncidencePoint>,
}

impl IncidenceCurve {
    /// Incidence of both causes at any time: 0 before the first point, flat after the last.
    pub fn at(&self, time: f64) -> [Estimate; 2] {
        let reached = self.points.partition_point(|point| point.time <= time);
        match reached.checked_sub(1) {
            Some(last) => self.points[last].causes,
            None => [Estimate { value: 0.0, lo: 0.0, hi: 0.0 }; 2],
        }
    }
}

/// Incidence of (time, exit) rows; `None` without rows or unless 0 < conf < 1.
///
/// Intervals are log(−log) transformed. The variance is the delta-method estimate of Dinse and
/// Larson (Biometrika 73, 1986, equation 6), which with one cause is Greenwood's; scikit-survival
/// calls it `Dinse_Approx`.
pub fn aalen_johansen(rows: &[(f64, Exit)], conf: f64) -> Option<IncidenceCurve> {
    let z = two_sided_z(conf)?;
    let sorted = ascending(rows);
    let mut survival = 1.0;
    let mut causes = [Cause::new(Exit::First), Cause::new(Exit::Second)];
    let points: Vec<_> = by_time(&sorted)
        .map(|Leaving { time, at_risk, rows }| {
            let n = at_risk as f64;
            let left = |exit: Exit| rows.iter().filter(|row| row.1 == exit).count() as f64;
            let events = left(Exit::First) + left(Exit::Second);
            for cause in &mut causes {
                cause.advance(survival, n, events, left(cause.exit));
            }
            survival *= 1.0 - events / n;
            IncidencePoint {
                time,
                at_risk: at_risk as u64,
                causes: causes.each_ref().map(|cause| cause.estimate(z)),
            }
        })
        .collect();
    (!points.is_empty()).then_some(IncidenceCurve { points })
}

/// Running sums of one cause. The variance at t is
/// Σ (F(t) − Fᵢ)² hᵢ + Σ vᵢ − 2 Σ (F(t) − Fᵢ) cᵢ over the times i up to t; multiplied out, it needs
/// no second pass over them.
struct Cause {
    exit: Exit,
    incidence: f64,
    h: f64,
    h_f: f64,
    h_ff: f64,
    v: f64,
    c: f64,
    c_f: f64,
}

impl Cause {
    fn new(exit: Exit) -> Self {
        Self { exit, incidence: 0.0, h: 0.0, h_f: 0.0, h_ff: 0.0, v: 0.0, c: 0.0, c_f: 0.0 }
    }

    /// `survival` is that just before; `n` at risk, of whom `events` leave, `own` by this cause.
    fn advance(&mut self, survival: f64, n: f64, events: f64, own: f64) {
        self.incidence += survival * own / n;
        let f = self.incidence;
        // With events = n nobody is left, F(t) = F for good and the term is 0.
        let h = if events < n { events / (n * (n - events)) } else { 0.0 };
        let c = survival * own / (n * n);
        self.h += h;
        self.h_f += h * f;
        self.h_ff += h * f * f;
        self.v += survival * survival * own * (n - own) / (n * n * n);
        self.c += c;
        self.c_f += c * f;
    }

    fn estimate(&self, z: f64) -> Estimate {
        let f = self.incidence;
        let spread = f * f * self.h - 2.0 * f * self.h_f + self.h_ff;
        let covariance = f * self.c - self.c_f;
        log_minus_log(f, spread + self.v - 2.0 * covariance, z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::survival::kaplan_meier;

    #[test]
    fn without_censoring_the_incidence_is_a_binomial_share() {
        let rows: Vec<_> = (1..=10)
            .map(|i| (f64::from(i), if i % 3 == 0 { Exit::Second } else { Exit::First }))
            .collect();
        let curve = aalen_johansen(&rows, 0.95).unwrap();
        let [first, _] = curve.at(6.0);
        let share: f64 = 0.4;
        assert!((first.value - share).abs() < 1e-12);
        let spread = 1.959_963_984_540_054 * (share * 0.6 / 10.0).sqrt() / (share * -share.ln());
        assert!((first.lo - share.powf(spread.exp())).abs() < 1e-12);
        assert!((first.hi - share.powf((-spread).exp())).abs() < 1e-12);
    }

    #[test]
    fn with_one_cause_the_variance_is_greenwoods() {
        let times = [2.0, 3.0, 3.0, 5.0, 5.5, 7.0, 9.0];
        let is_event = [true, false, true, true, false, true, false];
        let rows: Vec<_> = times.iter().copied().zip(is_event).collect();
        let exits: Vec<_> = rows
            .iter()
            .map(|&(time, event)| (time, if event { Exit::First } else { Exit::Censored }))
            .collect();
        let survival = kaplan_meier(&rows, 0.95).unwrap();
        let incidence = aalen_johansen(&exits, 0.95).unwrap();
        for point in &survival.points {
            let (s, [f, _]) = (point.survival, incidence.at(point.time));
            assert!((s.value + f.value - 1.0).abs() < 1e-12);
            // σ from each interval, by undoing its transformation.
            let s_sigma = (s.lo.ln() / s.value.ln()).ln() * s.value * -s.value.ln();
            let f_sigma = (f.lo.ln() / f.value.ln()).ln() * f.value * -f.value.ln();
            assert!((s_sigma - f_sigma).abs() < 1e-12, "{s_sigma} or {f_sigma}");
        }
    }

    #[test]
    fn intervals_equal_those_of_scikit_survival() {
        // 0.28.0, cumulative_incidence_competing_risks with conf_type "log-log" and var_type
        // "Dinse_Approx"
        let times = [14.0, 14.0, 20.0, 9.0, 12.0, 30.0, 45.0, 45.0, 3.0, 25.0];
        let codes = [1, 1, 1, 2, 2, 0, 0, 0, 2, 1];
        let rows: Vec<_> =
            times.into_iter().zip(codes.map(|code| Exit::from_code(code).unwrap())).collect();
        let curve = aalen_johansen(&rows, 0.95).unwrap();
        let expected = [
            (14.0, 0, 0.030_909_024_308_019_607, 0.474_714_690_440_546_5),
            (25.0, 0, 0.122_693_165_782_354_1, 0.670_204_637_423_479_9),
            (45.0, 1, 0.071_134_492_323_004_92, 0.577_867_330_625_235_8),
        ];
        for (time, cause, lo, hi) in expected {
            let found = curve.at(time)[cause];
            let error = (found.lo - lo).abs().max((found.hi - hi).abs());
            assert!(error < 1e-12, "cause {cause} at {time}: {found:?}");
        }
    }

    #[test]
    fn no_rows_no_curve() {
        assert_eq!(aalen_johansen(&[], 0.95), None);
        assert_eq!(Exit::from_code(3), None);
    }
}
