//! Movements: how recurring revenue of an account went from one amount to the next.

/// What changed. The amounts of all movements add up to recurring revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    New,
    Reactivation,
    Expansion,
    Contraction,
    Churn,
}

impl Movement {
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reactivation => "reactivation",
            Self::Expansion => "expansion",
            Self::Contraction => "contraction",
            Self::Churn => "churn",
        }
    }
}

/// Sums of floats differ in their last digits by the order of their terms: no amount, and no
/// difference of amounts, below a millionth of a minor unit is one.
const NOISE: f64 = 1e-6;

/// The movement between two amounts of minor units per month, in one currency; `None` if nothing
/// moved or an amount is not a finite number.
pub fn movement(before: f64, after: f64, had_mrr_before: bool) -> Option<Movement> {
    let is_known = before.is_finite() && after.is_finite();
    if !is_known || (after - before).abs() <= NOISE {
        return None;
    }
    Some(match (before > NOISE, after > NOISE) {
        (false, false) => return None,
        (false, true) if had_mrr_before => Movement::Reactivation,
        (false, true) => Movement::New,
        (true, false) => Movement::Churn,
        (true, true) if after > before => Movement::Expansion,
        (true, true) => Movement::Contraction,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_of_floats_is_no_movement() {
        let sum = 0.1 + 0.2;
        assert_eq!(movement(0.3, sum, true), None);
        assert_eq!(movement(sum, 0.3, true), None);
        assert_eq!(movement(0.0, sum - 0.3, false), None);
        assert_eq!(movement(f64::NAN, 1.0, false), None);
        assert_eq!(movement(f64::INFINITY, f64::INFINITY, true), None);
    }
}
