//! What discounts leave of a monthly amount.

use num_traits::{CheckedDiv, CheckedMul, CheckedSub, Zero};
use serde_json::Value;

use super::exact::{Ratio, json_decimal};

/// Which coupons lower recurring revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// None: list revenue.
    None,
    /// Those that last forever: net revenue.
    Forever,
    /// All, while they last.
    All,
}

impl Policy {
    pub const NAMES: [(&str, Self); 3] =
        [("none", Self::None), ("forever", Self::Forever), ("all", Self::All)];

    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(known, policy)| (known == name).then_some(policy))
    }
}

/// A coupon, of Stripe's fields `duration`, `percent_off` and `amount_off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    is_forever: bool,
    off: Off,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Off {
    /// 0 to 100.
    Percent(Ratio),
    /// Minor units per billing period.
    Amount(Ratio),
}

/// Reads a JSON list of coupons, in the order they apply. `None` if one of them cannot be read.
pub fn coupons(json: &str) -> Option<Vec<Coupon>> {
    let list: Value = serde_json::from_str(json).ok()?;
    list.as_array()?.iter().map(coupon).collect()
}

fn coupon(coupon: &Value) -> Option<Coupon> {
    let is_forever = coupon.get("duration")?.as_str()? == "forever";
    let percent = json_decimal(coupon.get("percent_off"))?;
    let amount = json_decimal(coupon.get("amount_off"))?;
    let off = match (percent, amount) {
        (Some(percent), None) => Off::Percent(percent),
        (None, Some(amount)) => Off::Amount(amount),
        _ => return None,
    };
    let is_sound = match &off {
        Off::Percent(percent) => *percent >= Ratio::zero() && *percent <= Ratio::from(100),
        Off::Amount(amount) => *amount >= Ratio::zero(),
    };
    is_sound.then_some(Coupon { is_forever, off })
}

/// A monthly amount after the coupons that the policy counts, one after the other, never below 0.
///
/// `months` is the length of the billing period that an amount off is taken from; `None` matters
/// only to such a coupon.
pub fn discounted(
    monthly: Ratio,
    coupons: &[Coupon],
    policy: Policy,
    months: Option<Ratio>,
) -> Option<Ratio> {
    let counted = coupons.iter().filter(|coupon| match policy {
        Policy::None => false,
        Policy::Forever => coupon.is_forever,
        Policy::All => true,
    });
    let mut left = monthly;
    for coupon in counted {
        left = match &coupon.off {
            Off::Percent(percent) => {
                let kept = (Ratio::from(100) - percent).checked_div(&Ratio::from(100))?;
                left.checked_mul(&kept)?
            }
            Off::Amount(amount) => left.checked_sub(&amount.checked_div(&months?)?)?,
        }
        .max(Ratio::zero());
    }
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coupons_apply_in_their_order() {
        let both = r#"[{"duration":"forever","percent_off":50,"amount_off":null},
            {"duration":"once","amount_off":"1000"}]"#;
        let both = coupons(both).unwrap();
        let after = |policy, months| discounted(Ratio::from(4900), &both, policy, months);
        assert_eq!(after(Policy::None, None), Some(Ratio::from(4900)));
        assert_eq!(after(Policy::Forever, None), Some(Ratio::from(2450)));
        assert_eq!(after(Policy::All, Some(Ratio::from(1))), Some(Ratio::from(1450)));
        assert_eq!(after(Policy::All, None), None, "an amount off needs the period");
        let reversed: Vec<Coupon> = both.iter().rev().cloned().collect();
        let months = Some(Ratio::from(1));
        assert_eq!(
            discounted(Ratio::from(4900), &reversed, Policy::All, months),
            Some(Ratio::from(1950))
        );
    }

    #[test]
    fn a_coupon_that_cannot_be_read_makes_the_amount_unknown() {
        for json in [
            "",
            "{}",
            r#"["coupon_id"]"#,
            r#"[{"duration":"forever"}]"#,
            r#"[{"percent_off":10}]"#,
            r#"[{"duration":"forever","percent_off":101}]"#,
            r#"[{"duration":"forever","percent_off":10,"amount_off":10}]"#,
            r#"[{"duration":"forever","amount_off":-1}]"#,
        ] {
            assert_eq!(coupons(json), None, "{json}");
        }
        assert_eq!(coupons("[]"), Some(vec![]));
    }
}
