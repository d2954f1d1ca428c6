//! The time split: outcomes known at the split time train, trials begun after it test.

use paydirt_udfs::stats::quantile::quantile;

use super::pair::Pair;
use super::row::TrialRow;

const SECOND: i64 = 1_000_000;

/// Train and test, and how many rows are in neither.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Microseconds since 1970 UTC; `None` if there are no rows to take it from.
    pub at: Option<i64>,
    /// Horizon ended by the split: what was known then.
    pub train: Pair,
    /// Started at the split or later.
    pub test: Pair,
    /// Started before the split, outcome known only after it.
    pub embargoed: u64,
}

impl Split {
    /// Splits the landmark population at `at`, by default at the 70th percentile of trial starts.
    pub fn of(population: &[&TrialRow], at: Option<i64>) -> Self {
        let at = at.or_else(|| default_split(population));
        let part =
            |wanted: Part| population.iter().copied().filter(move |row| part_of(row, at) == wanted);
        Self {
            at,
            train: Pair::of(part(Part::Train)),
            test: Pair::of(part(Part::Test)),
            embargoed: part(Part::Embargo).count() as u64,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Part {
    Train,
    Embargo,
    Test,
}

fn part_of(row: &TrialRow, at: Option<i64>) -> Part {
    match at {
        Some(at) if row.horizon_end <= at => Part::Train,
        Some(at) if row.t0 >= at => Part::Test,
        _ => Part::Embargo,
    }
}

fn default_split(population: &[&TrialRow]) -> Option<i64> {
    // Microseconds of any year before 2255 are exact in an f64.
    let starts: Vec<f64> = population.iter().map(|row| row.t0 as f64).collect();
    let at = quantile(&starts, 0.7)?;
    Some((at as i64).div_euclid(SECOND) * SECOND)
}
