//! The money functions of SQL. Adding one is one entry here.

use datafusion_common::{Result, exec_err};
use datafusion_expr::{DocSection, ScalarUDF};

use super::currency::{currency_exponent, major};
use super::discount::{Policy, coupons, discounted};
use super::exact::{from_float, to_float};
use super::monthly::{self, Price, months};
use super::movement::{Movement, movement};
use super::parameter::{Kind, Parameter};
use super::row::{Body, Row, RowFunction};
use crate::documentation;

const SECTION: DocSection = DocSection {
    include: true,
    label: "Money Functions",
    description: Some("Amounts are minor units of one currency."),
};

/// All money functions.
pub fn scalar_functions() -> Vec<ScalarUDF> {
    vec![
        Entry {
            name: "monthly_minor",
            body: Body::Float(monthly_minor),
            required: 4,
            syntax: "monthly_minor(unit_amount_decimal, interval, interval_count, quantity [, \
                usage_type, billing_scheme, tiers_mode, tiers, transform_quantity])",
            description: "The list price of a subscription item per month in minor units: computed \
                exactly, rounded once to a float. A year has 12 months, 52 weeks, 365 days. 0 for \
                metered prices, NULL if it cannot be known.",
            arguments: &[
                ("unit_amount_decimal", Kind::Decimal, "Minor units per unit and period."),
                ("interval", Kind::Text, "day, week, month or year."),
                ("interval_count", Kind::Integer, "Intervals in a period."),
                ("quantity", Kind::Integer, "Units; not asked for in metered prices."),
                ("usage_type", Kind::Text, "licensed (default) or metered."),
                ("billing_scheme", Kind::Text, "per_unit (default) or tiered."),
                ("tiers_mode", Kind::Text, "graduated or volume."),
                ("tiers", Kind::Text, "JSON list of Stripe's tiers."),
                ("transform_quantity", Kind::Text, r#"JSON `{"divide_by": 10, "round": "up"}`."#),
            ],
            example: "select monthly_minor('58800', 'year', 1, 3);\n-- 14700.0\n\
                select monthly_minor('1000', 'fortnight', 1, 1);\n-- NULL",
        }
        .define(),
        Entry {
            name: "discounted_minor",
            body: Body::Float(discounted_minor),
            required: 3,
            syntax: "discounted_minor(monthly_minor, coupons, policy [, interval, interval_count])",
            description: "A monthly amount, of an item or of a whole subscription, after coupons \
                that apply in their order; never below 0. NULL if a coupon cannot be read. Apply \
                the coupons of each item first, then those of the subscription to the sum.",
            arguments: &[
                ("monthly_minor", Kind::Float, "Minor units per month."),
                (
                    "coupons",
                    Kind::Text,
                    "JSON list of Stripe's coupons: `duration` and `percent_off` or `amount_off`; \
                        NULL for none.",
                ),
                ("policy", Kind::Text, "Coupons that count: none, forever, or all."),
                ("interval", Kind::Text, "Billing interval, for amounts off."),
                ("interval_count", Kind::Integer, "Intervals in a period, for amounts off."),
            ],
            example: DISCOUNT_EXAMPLE,
        }
        .define(),
        Entry {
            name: "currency_exponent",
            body: Body::Integer(|row| Ok(row.text(0).map(|code| currency_exponent(code).into()))),
            required: 1,
            syntax: "currency_exponent(currency)",
            description: "Decimals between Stripe's minor unit and the major unit of a currency.",
            arguments: &[("currency", Kind::Text, "Three-letter code, in any case.")],
            example: "select currency_exponent('usd');\n-- 2\n\
                select currency_exponent('jpy');\n-- 0",
        }
        .define(),
        Entry {
            name: "money_text",
            body: Body::Text(money_text),
            required: 2,
            syntax: "money_text(minor, currency)",
            description: "An amount in the major unit, for people to read. Fractions of a minor \
                unit are rounded, half away from zero.",
            arguments: &[
                ("minor", Kind::Number, "Minor units, whole or not."),
                ("currency", Kind::Text, "Three-letter code, in any case."),
            ],
            example: "select money_text(4900, 'usd');\n-- 49.00\n\
                select money_text(4900, 'jpy');\n-- 4900",
        }
        .define(),
        Entry {
            name: "mrr_movement",
            body: Body::Text(mrr_movement),
            required: 3,
            syntax: "mrr_movement(before, after, had_before)",
            description: "How monthly revenue moved: new, reactivation, expansion, contraction or \
                churn; NULL if it did not. Differences below a millionth of a minor unit are noise \
                of floating-point sums.",
            arguments: &[
                ("before", Kind::Float, "Minor units per month before; 0 if there was none."),
                ("after", Kind::Float, "Minor units per month after; 0 if there is none."),
                ("had_before", Kind::Flag, "Whether there was revenue at any time before."),
            ],
            example: "select mrr_movement(0, 4900, false);\n-- new\n\
                select mrr_movement(4900, 4900, true);\n-- NULL",
        }
        .define(),
    ]
}

const DISCOUNT_EXAMPLE: &str = concat!(
    r#"select discounted_minor(4900, '[{"duration":"forever","percent_off":20}]', 'forever');"#,
    "\n-- 3920.0\n",
    r#"select discounted_minor(900, '[{"duration":"once","amount_off":1200}]', 'all', 'year', 1);"#,
    "\n-- 800.0",
);

fn monthly_minor(row: Row<'_>) -> Result<Option<f64>> {
    let price = Price {
        unit_amount_decimal: row.text(0),
        interval: row.text(1),
        interval_count: row.integer(2),
        usage_type: row.text(4),
        billing_scheme: row.text(5),
        tiers_mode: row.text(6),
        tiers: row.text(7),
        transform_quantity: row.text(8),
    };
    Ok(monthly::monthly_minor(&price, row.integer(3)).as_ref().and_then(to_float))
}

fn discounted_minor(row: Row<'_>) -> Result<Option<f64>> {
    let (Some(monthly), Some(policy)) = (row.float(0), row.text(2)) else {
        return Ok(None);
    };
    let Some(policy) = Policy::named(policy) else {
        let names = Policy::NAMES.map(|(name, _)| name).join(", ");
        return exec_err!("discounted_minor knows no policy `{policy}`, only {names}");
    };
    Ok(match row.text(1) {
        None => Some(monthly),
        Some(json) => from_float(monthly).zip(coupons(json)).and_then(|(monthly, coupons)| {
            let months = row.text(3).zip(row.integer(4)).and_then(|(unit, n)| months(unit, n));
            discounted(monthly, &coupons, policy, months).as_ref().and_then(to_float)
        }),
    })
}

fn money_text(row: Row<'_>) -> Result<Option<String>> {
    let minor = row.integer(0).or_else(|| {
        let whole = row.float(0)?.round();
        // Every whole float below 2^63 is an i64.
        (whole.abs() < i64::MAX as f64).then_some(whole as i64)
    });
    Ok(minor.zip(row.text(1)).map(|(minor, currency)| major(minor, currency)))
}

fn mrr_movement(row: Row<'_>) -> Result<Option<String>> {
    let (Some(before), Some(after), Some(had_before)) = (row.float(0), row.float(1), row.flag(2))
    else {
        return Ok(None);
    };
    Ok(movement(before, after, had_before).map(Movement::name).map(str::to_owned))
}

/// A function of the values of a row and its page in the manual.
struct Entry {
    name: &'static str,
    body: Body,
    required: usize,
    syntax: &'static str,
    description: &'static str,
    arguments: &'static [(&'static str, Kind, &'static str)],
    example: &'static str,
}

impl Entry {
    fn define(self) -> ScalarUDF {
        let parameters =
            self.arguments.iter().map(|&(name, kind, _)| Parameter { name, kind }).collect();
        let arguments: Vec<_> =
            self.arguments.iter().map(|&(name, _, what)| (name, what)).collect();
        let page = documentation(SECTION, self.syntax, self.description, &arguments, self.example);
        ScalarUDF::from(RowFunction::new(
            self.name,
            self.body,
            parameters,
            self.required,
            page.build(),
        ))
    }
}
