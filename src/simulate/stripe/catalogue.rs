//! Products, prices and coupons, each written once and then copied wherever an object holds one.

use crate::simulate::calendar::LONG_AGO;
use crate::simulate::company::{COUPONS, CURRENCIES, Coupon, Duration, PLANS};
use crate::simulate::facts::Terms;

use super::shape::Shape;
use super::text::{Quoted, put};

/// The catalogue of both modes in one shape.
#[derive(Debug)]
pub struct Catalogue {
    /// Price and the older `plan` of it, in the order of [`place`].
    prices: Vec<(Vec<u8>, Vec<u8>)>,
    coupons: Vec<Vec<u8>>,
}

/// What a price is looked up by.
#[derive(Debug, Clone, Copy)]
pub struct PriceOf {
    pub plan: usize,
    pub is_yearly: bool,
    pub currency: usize,
    pub is_live: bool,
}

impl PriceOf {
    pub fn new(terms: &Terms, currency: usize, is_live: bool) -> Self {
        Self { plan: terms.plan, is_yearly: terms.is_yearly, currency, is_live }
    }

    fn place(self) -> usize {
        let Self { plan, is_yearly, currency, is_live } = self;
        ((plan * 2 + usize::from(is_yearly)) * CURRENCIES.len() + currency) * 2
            + usize::from(is_live)
    }

    fn all() -> impl Iterator<Item = PriceOf> {
        (0..PLANS.len()).flat_map(|plan| {
            [false, true].into_iter().flat_map(move |is_yearly| {
                (0..CURRENCIES.len()).flat_map(move |currency| {
                    [false, true].map(|is_live| PriceOf { plan, is_yearly, currency, is_live })
                })
            })
        })
    }

    pub fn interval(self) -> &'static str {
        if self.is_yearly { "year" } else { "month" }
    }

    /// Prices of test mode have ids of their own, products do not.
    pub fn id(self) -> String {
        let mode = if self.is_live { "" } else { "test_" };
        let (plan, currency) = (PLANS[self.plan].key, CURRENCIES[self.currency]);
        format!("price_{mode}{plan}_{}_{currency}", self.interval())
    }

    pub fn product(self) -> String {
        format!("prod_{}", PLANS[self.plan].key)
    }

    pub fn amount(self) -> i64 {
        PLANS[self.plan].month[self.currency] * if self.is_yearly { 10 } else { 1 }
    }
}

impl Catalogue {
    pub fn new(shape: Shape) -> Self {
        let prices = PriceOf::all().map(|of| (price(of), plan(of, shape)));
        let modes = [false, true];
        let coupons = COUPONS.iter().flat_map(|c| modes.map(|is_live| coupon(c, is_live)));
        Self { prices: prices.collect(), coupons: coupons.collect() }
    }

    pub fn price(&self, of: PriceOf) -> &[u8] {
        &self.prices[of.place()].0
    }

    pub fn plan(&self, of: PriceOf) -> &[u8] {
        &self.prices[of.place()].1
    }

    pub fn coupon(&self, index: usize, is_live: bool) -> &[u8] {
        &self.coupons[index * 2 + usize::from(is_live)]
    }

    pub fn prices(&self) -> impl Iterator<Item = &[u8]> {
        self.prices.iter().map(|(price, _)| &**price)
    }

    pub fn coupons(&self) -> impl Iterator<Item = &[u8]> {
        self.coupons.iter().map(|coupon| &**coupon)
    }

    /// Products keep their ids when they are copied from test mode to live mode.
    pub fn products() -> impl Iterator<Item = Vec<u8>> {
        PLANS.iter().flat_map(|plan| {
            [false, true].map(|is_live| {
                let mut out = vec![];
                put!(
                    &mut out,
                    r#"{"id":"prod_"#,
                    plan.key,
                    r#"","object":"product","active":true,"created":"#,
                    LONG_AGO,
                    r#","default_price":null,"description":null,"images":[],"livemode":"#,
                    is_live,
                    r#","marketing_features":[],"metadata":{},"name":"#,
                    Quoted(plan.name),
                    r#","package_dimensions":null,"shippable":null,"statement_descriptor":null,"#,
                    r#""tax_code":null,"type":"service","unit_label":null,"updated":"#,
                    LONG_AGO,
                    r#","url":null}"#,
                );
                out
            })
        })
    }
}

fn price(of: PriceOf) -> Vec<u8> {
    let mut out = vec![];
    put!(
        &mut out,
        r#"{"id":"#,
        Quoted(of.id()),
        r#","object":"price","active":true,"billing_scheme":"per_unit","created":"#,
        LONG_AGO,
        r#","currency":"#,
        Quoted(CURRENCIES[of.currency]),
        r#","custom_unit_amount":null,"livemode":"#,
        of.is_live,
        r#","lookup_key":null,"metadata":{},"nickname":null,"product":"#,
        Quoted(of.product()),
        r#","recurring":{"interval":"#,
        Quoted(of.interval()),
        r#","interval_count":1,"meter":null,"trial_period_days":null,"usage_type":"licensed"},"#,
        r#""tax_behavior":"exclusive","tiers_mode":null,"transform_quantity":null,"#,
        r#""type":"recurring","unit_amount":"#,
        of.amount(),
        r#","unit_amount_decimal":"#,
        Quoted(of.amount()),
        "}",
    );
    out
}

fn plan(of: PriceOf, shape: Shape) -> Vec<u8> {
    let mut out = vec![];
    put!(
        &mut out,
        r#"{"id":"#,
        Quoted(of.id()),
        r#","object":"plan","active":true,"amount":"#,
        of.amount(),
        r#","amount_decimal":"#,
        Quoted(of.amount()),
        r#","billing_scheme":"per_unit","created":"#,
        LONG_AGO,
        r#","currency":"#,
        Quoted(CURRENCIES[of.currency]),
        r#","interval":"#,
        Quoted(of.interval()),
        r#","interval_count":1,"livemode":"#,
        of.is_live,
        r#","metadata":{},"meter":null,"nickname":null,"product":"#,
        Quoted(of.product()),
        r#","tiers_mode":null,"transform_usage":null,"trial_period_days":null,"#,
        r#""usage_type":"licensed""#,
        if shape == Shape::Acacia { r#","aggregate_usage":null}"# } else { "}" },
    );
    out
}

fn coupon(coupon: &Coupon, is_live: bool) -> Vec<u8> {
    let (duration, months) = match coupon.duration {
        Duration::Once => ("once", None),
        Duration::Months(months) => ("repeating", Some(months)),
        Duration::Forever => ("forever", None),
    };
    let mut out = vec![];
    put!(
        &mut out,
        r#"{"id":"#,
        Quoted(coupon.id),
        r#","object":"coupon","amount_off":"#,
        coupon.amount_off,
        r#","created":"#,
        LONG_AGO,
        r#","currency":"#,
        coupon.amount_off.map(|_| Quoted("usd")),
        r#","duration":"#,
        Quoted(duration),
        r#","duration_in_months":"#,
        months,
        r#","livemode":"#,
        is_live,
        r#","max_redemptions":null,"metadata":{},"name":"#,
        Quoted(coupon.id),
        r#","percent_off":"#,
        coupon.percent_off,
        r#","redeem_by":null,"times_redeemed":1,"valid":true}"#,
    );
    out
}
