//! Monthly recurring revenue of one price at one quantity, before discounts.

use num_traits::{CheckedDiv, CheckedMul, Zero};
use serde_json::Value;

use super::exact::{Ratio, decimal};
use super::tiers;

/// A recurring price as Stripe describes it; absent fields are `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Price<'a> {
    /// Minor units per unit and period, a decimal number.
    pub unit_amount_decimal: Option<&'a str>,
    /// `day`, `week`, `month` or `year`.
    pub interval: Option<&'a str>,
    /// Intervals in a period, at least 1.
    pub interval_count: Option<i64>,
    /// `licensed` (also if absent) or `metered`.
    pub usage_type: Option<&'a str>,
    /// `per_unit` (also if absent) or `tiered`.
    pub billing_scheme: Option<&'a str>,
    /// `graduated` or `volume`.
    pub tiers_mode: Option<&'a str>,
    /// JSON list of tiers.
    pub tiers: Option<&'a str>,
    /// JSON `{"divide_by": 10, "round": "up"}`.
    pub transform_quantity: Option<&'a str>,
}

/// Minor units per month, exact. Metered prices are 0: they recur, their money does not.
///
/// `None` if it cannot be known: a field is missing, unknown or out of range.
pub fn monthly_minor(price: &Price<'_>, quantity: Option<i64>) -> Option<Ratio> {
    if price.usage_type == Some("metered") {
        return Some(Ratio::zero());
    }
    let quantity = quantity.filter(|&quantity| quantity >= 0)?.into();
    let per_period = match price.billing_scheme.unwrap_or("per_unit") {
        "per_unit" => {
            let billed = transformed(quantity, price.transform_quantity)?;
            decimal(price.unit_amount_decimal?)?.checked_mul(&billed.into())?
        }
        "tiered" => {
            let tiers = tiers::parse(price.tiers?)?;
            match price.tiers_mode? {
                "graduated" => tiers::graduated(&tiers, quantity)?,
                "volume" => tiers::volume(&tiers, quantity)?,
                _ => return None,
            }
        }
        _ => return None,
    };
    per_period.checked_div(&months(price.interval?, price.interval_count?)?)
}

/// Months in a billing period: a year has 12 months, 52 weeks or 365 days.
pub fn months(interval: &str, interval_count: i64) -> Option<Ratio> {
    let month = match interval {
        "day" => Ratio::new(12, 365),
        "week" => Ratio::new(12, 52),
        "month" => Ratio::from(1),
        "year" => Ratio::from(12),
        _ => return None,
    };
    if interval_count < 1 {
        return None;
    }
    month.checked_mul(&i128::from(interval_count).into())
}

/// The quantity that is billed: packages are counted, not units.
fn transformed(quantity: i128, transform: Option<&str>) -> Option<i128> {
    let Some(transform) = transform.filter(|json| !json.is_empty()) else {
        return Some(quantity);
    };
    let transform: Value = serde_json::from_str(transform).ok()?;
    if transform.is_null() {
        return Some(quantity);
    }
    let divide_by = i128::from(transform["divide_by"].as_i64().filter(|&by| by > 0)?);
    match transform["round"].as_str()? {
        "up" => Some((quantity + divide_by - 1) / divide_by),
        "down" => Some(quantity / divide_by),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHLY: Price<'_> = Price {
        unit_amount_decimal: Some("4900"),
        interval: Some("month"),
        interval_count: Some(1),
        usage_type: None,
        billing_scheme: None,
        tiers_mode: None,
        tiers: None,
        transform_quantity: None,
    };

    #[test]
    fn what_is_not_known_is_none() {
        let prices = [
            Price { unit_amount_decimal: None, ..MONTHLY },
            Price { unit_amount_decimal: Some("4900 USD"), ..MONTHLY },
            Price { interval: None, ..MONTHLY },
            Price { interval: Some("fortnight"), ..MONTHLY },
            Price { interval_count: Some(0), ..MONTHLY },
            Price { interval_count: None, ..MONTHLY },
            Price { billing_scheme: Some("barter"), ..MONTHLY },
            Price { billing_scheme: Some("tiered"), ..MONTHLY },
            Price { billing_scheme: Some("tiered"), tiers_mode: Some("volume"), ..MONTHLY },
            Price {
                billing_scheme: Some("tiered"),
                tiers_mode: Some("volume"),
                tiers: Some(r#"[{"up_to":0,"unit_amount":1}]"#),
                ..MONTHLY
            },
            Price { transform_quantity: Some(r#"{"divide_by":0,"round":"up"}"#), ..MONTHLY },
            Price { transform_quantity: Some(r#"{"divide_by":2,"round":"even"}"#), ..MONTHLY },
        ];
        for price in prices {
            assert_eq!(monthly_minor(&price, Some(1)), None, "{price:?}");
        }
        assert_eq!(monthly_minor(&MONTHLY, None), None);
        assert_eq!(monthly_minor(&MONTHLY, Some(-1)), None);
        let long = "9".repeat(38);
        let price = Price { unit_amount_decimal: Some(&long), ..MONTHLY };
        assert_eq!(monthly_minor(&price, Some(i64::MAX)), None);
    }

    #[test]
    fn metered_is_nothing_a_month_whatever_else_is_missing() {
        let metered = Price { usage_type: Some("metered"), ..Default::default() };
        assert_eq!(monthly_minor(&metered, None), Some(Ratio::zero()));
    }

    #[test]
    fn an_absent_transform_changes_nothing() {
        for transform in [None, Some(""), Some("null")] {
            let price = Price { transform_quantity: transform, ..MONTHLY };
            assert_eq!(monthly_minor(&price, Some(3)), Some(Ratio::from(14_700)));
        }
    }
}
