//! Tiered prices: a list of tiers, each up to a quantity.

use num_traits::{CheckedAdd, CheckedMul, Zero};
use serde_json::Value;

use super::exact::{Ratio, json_decimal};

/// A tier of a price; amounts in minor units.
#[derive(Debug)]
pub(super) struct Tier {
    /// Last quantity of the tier; `None` in the last one.
    up_to: Option<i128>,
    unit: Ratio,
    flat: Ratio,
}

impl Tier {
    fn amount(&self, units: i128) -> Option<Ratio> {
        self.unit.checked_mul(&units.into())?.checked_add(&self.flat)
    }
}

/// Stripe's list of tiers. `None` if it is not one in rising order.
pub(super) fn parse(json: &str) -> Option<Vec<Tier>> {
    let list: Value = serde_json::from_str(json).ok()?;
    let tiers: Vec<Tier> = list.as_array()?.iter().map(parse_tier).collect::<Option<_>>()?;
    let is_rising = tiers.is_sorted_by(|a, b| match (a.up_to, b.up_to) {
        (Some(a), Some(b)) => a < b,
        (last, _) => last.is_some(),
    });
    (is_rising && !tiers.is_empty()).then_some(tiers)
}

fn parse_tier(tier: &Value) -> Option<Tier> {
    let up_to = match tier.get("up_to") {
        None | Some(Value::Null) => None,
        Some(Value::String(infinite)) if infinite == "inf" => None,
        Some(limit) => Some(i128::from(limit.as_u64()?)),
    };
    let amount = |decimal: &str, integer: &str| {
        Some(match json_decimal(tier.get(decimal))? {
            Some(amount) => amount,
            None => json_decimal(tier.get(integer))?.unwrap_or_else(Ratio::zero),
        })
    };
    Some(Tier {
        up_to,
        unit: amount("unit_amount_decimal", "unit_amount")?,
        flat: amount("flat_amount_decimal", "flat_amount")?,
    })
}

/// Every unit costs what its own tier says; every tier reached adds its flat amount. The first tier
/// is reached by a quantity of 0.
pub(super) fn graduated(tiers: &[Tier], quantity: i128) -> Option<Ratio> {
    let mut total = Ratio::zero();
    let mut from = 0;
    for tier in tiers {
        let to = tier.up_to.map_or(quantity, |up_to| up_to.min(quantity));
        total = total.checked_add(&tier.amount(to - from)?)?;
        if to == quantity {
            return Some(total);
        }
        from = to;
    }
    None
}

/// All units cost what the tier that holds the quantity says.
pub(super) fn volume(tiers: &[Tier], quantity: i128) -> Option<Ratio> {
    tiers.iter().find(|tier| tier.up_to.is_none_or(|up_to| quantity <= up_to))?.amount(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: &str = r#"[{"up_to":3,"unit_amount":0,"flat_amount":2000},
        {"up_to":"inf","unit_amount_decimal":"700","flat_amount_decimal":"500"}]"#;

    #[test]
    fn integers_stand_in_for_decimals() {
        let tiers = parse(FLAT).unwrap();
        assert_eq!(graduated(&tiers, 4), Some(Ratio::from(3200)));
        assert_eq!(volume(&tiers, 4), Some(Ratio::from(3300)));
    }

    #[test]
    fn nothing_used_costs_the_flat_amount_of_the_first_tier() {
        let tiers = parse(FLAT).unwrap();
        assert_eq!(graduated(&tiers, 0), Some(Ratio::from(2000)));
        assert_eq!(volume(&tiers, 0), Some(Ratio::from(2000)));
    }

    #[test]
    fn beyond_the_last_tier_nothing_is_known() {
        let tiers = parse(r#"[{"up_to":3,"unit_amount":1}]"#).unwrap();
        assert_eq!(graduated(&tiers, 3), Some(Ratio::from(3)));
        assert_eq!(graduated(&tiers, 4), None);
        assert_eq!(volume(&tiers, 4), None);
    }

    #[test]
    fn a_list_that_does_not_rise_is_refused() {
        for json in [
            "",
            "{}",
            "[]",
            r#"[{"up_to":5},{"up_to":5}]"#,
            r#"[{"up_to":null},{"up_to":5}]"#,
            r#"[{"up_to":-1}]"#,
            r#"[{"up_to":5,"unit_amount":"ten"}]"#,
        ] {
            assert!(parse(json).is_none(), "{json}");
        }
    }
}
