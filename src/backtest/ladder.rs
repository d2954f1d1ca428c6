//! The exclusion ladder: how many trial spells each rung took, and how many are left.

use super::row::{Exclusion, TrialRow};

/// Counts that add up to all trial spells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Every rung in order, zeros too.
    pub rungs: Vec<(Exclusion, u64)>,
    pub in_analysis: u64,
}

impl Ladder {
    pub fn of(rows: &[TrialRow]) -> Self {
        let count = |exclusion| rows.iter().filter(|row| row.exclusion == exclusion).count() as u64;
        Self {
            rungs: Exclusion::ALL.into_iter().map(|rung| (rung, count(Some(rung)))).collect(),
            in_analysis: count(None),
        }
    }

    /// Rows that `rung` took.
    pub fn at(&self, rung: Exclusion) -> u64 {
        self.rungs.iter().find(|(other, _)| *other == rung).map_or(0, |(_, n)| *n)
    }

    pub fn total(&self) -> u64 {
        self.in_analysis + self.rungs.iter().map(|(_, n)| n).sum::<u64>()
    }
}
