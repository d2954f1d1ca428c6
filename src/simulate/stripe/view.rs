//! An account's billing as it stood at a moment: what Stripe would have told then.

use super::catalogue::Catalogue;
use super::shape::Shape;
use super::text::{Key, Quoted, put};
use crate::simulate::calendar::add_months;
use crate::simulate::company::{COUPONS, Duration};
use crate::simulate::facts::{Charge, Customer, Facts, Invoice, Subscription};

/// Facts seen at `now`. Later ones are not there, later changes have not happened.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub shape: Shape,
    pub catalogue: &'a Catalogue,
    pub facts: &'a Facts,
    pub now: i64,
}

impl View<'_> {
    pub fn by_now(&self, at: Option<i64>) -> Option<i64> {
        at.filter(|&at| at <= self.now)
    }

    pub fn email<'c>(&self, customer: &'c Customer, at: i64) -> &'c str {
        match &customer.new_email {
            Some((from, email)) if *from <= at => email,
            _ => &customer.email,
        }
    }

    pub fn trial_end(&self, subscription: &Subscription) -> Option<i64> {
        let trial = subscription.trial?;
        Some(if trial.end <= self.now { trial.end } else { trial.planned_end })
    }

    pub fn status(&self, index: usize) -> &'static str {
        let subscription = &self.facts.subscriptions[index];
        if self.by_now(subscription.ends_at).is_some() {
            "canceled"
        } else if self.trial_end(subscription).is_some_and(|end| end > self.now) {
            "trialing"
        } else if self.by_now(subscription.unpaid_from).is_some() {
            "unpaid"
        } else if self.invoices_of(index).any(|invoice| self.is_overdue(invoice)) {
            "past_due"
        } else {
            "active"
        }
    }

    /// An invoice that is owed although it was tried.
    fn is_overdue(&self, index: usize) -> bool {
        let invoice = &self.facts.invoices[index];
        matches!(self.invoice_status(invoice), "open" | "uncollectible")
            && self.charges_of(index).next().is_some()
    }

    pub fn invoice_status(&self, invoice: &Invoice) -> &'static str {
        if self.by_now(invoice.paid_at).is_some() {
            "paid"
        } else if self.by_now(invoice.voided_at).is_some() {
            "void"
        } else if self.by_now(invoice.uncollectible_at).is_some() {
            "uncollectible"
        } else if invoice.finalized_at <= self.now {
            "open"
        } else {
            "draft"
        }
    }

    /// The invoices of a subscription that exist, in order.
    pub fn invoices_of(&self, subscription: usize) -> impl Iterator<Item = usize> {
        let invoices = self.facts.invoices.iter().enumerate();
        let own = invoices.filter(move |(_, invoice)| {
            invoice.subscription == subscription && invoice.created <= self.now
        });
        own.map(|(index, _)| index)
    }

    /// The attempts to collect an invoice until now, in order.
    pub fn charges_of(&self, invoice: usize) -> impl DoubleEndedIterator<Item = &Charge> {
        let charges = self.facts.charges.iter();
        charges.filter(move |charge| charge.invoice == invoice && charge.created <= self.now)
    }

    /// True if Stripe collects the invoice, or tried to.
    pub fn has_intent(&self, invoice: &Invoice) -> bool {
        invoice.total() > 0 && !invoice.is_out_of_band && invoice.finalized_at <= self.now
    }

    /// Start and end of the current period: of the trial, then of the latest bill.
    pub fn current_period(&self, index: usize) -> (i64, i64) {
        let subscription = &self.facts.subscriptions[index];
        let billed = self.invoices_of(index).map(|i| &self.facts.invoices[i]);
        match billed.filter(|invoice| invoice.amount > 0).last() {
            Some(invoice) => (invoice.start, invoice.end),
            None => (subscription.created, self.trial_end(subscription).unwrap_or(self.now)),
        }
    }

    /// Until when the coupon of a subscription counts, if that is a matter of time.
    pub fn discount_end(&self, subscription: &Subscription) -> Option<i64> {
        match COUPONS[subscription.terms.coupon?].duration {
            Duration::Months(months) => Some(add_months(subscription.created, months)),
            _ => None,
        }
    }

    /// True if the coupon is still on the subscription.
    pub fn has_discount(&self, subscription: &Subscription) -> bool {
        let Some(coupon) = subscription.terms.coupon else { return false };
        let is_used = || {
            self.facts.invoices.iter().any(|invoice| {
                self.facts.subscriptions[invoice.subscription].id == subscription.id
                    && invoice.amount > 0
                    && invoice.created <= self.now
            })
        };
        match COUPONS[coupon].duration {
            Duration::Forever => true,
            Duration::Once => !is_used(),
            Duration::Months(_) => {
                self.discount_end(subscription).is_some_and(|end| self.now < end)
            }
        }
    }

    /// The discount of a subscription, which must have a coupon.
    pub fn discount(&self, subscription: &Subscription, out: &mut Vec<u8>) {
        let (Some(coupon), Some(id)) = (subscription.terms.coupon, subscription.discount) else {
            return;
        };
        let customer = &self.facts.customers[subscription.customer];
        put!(
            out,
            r#"{"id":"#,
            Key("di", id),
            r#","object":"discount","checkout_session":null,"customer":"#,
            Key("cus", customer.id),
            r#","end":"#,
            self.discount_end(subscription),
            r#","invoice":null,"invoice_item":null,"promotion_code":null,"start":"#,
            subscription.created,
            r#","subscription":"#,
            Key("sub", subscription.id),
            r#","subscription_item":null"#,
        );
        self.coupon_of_discount(coupon, COUPONS[coupon].id, out);
        put!(out, "}");
    }

    pub fn discount_or_null(&self, subscription: &Subscription, is_on: bool, out: &mut Vec<u8>) {
        if is_on {
            self.discount(subscription, out);
        } else {
            put!(out, "null");
        }
    }

    pub fn customer(&self, index: usize, out: &mut Vec<u8>) {
        let customer = &self.facts.customers[index];
        put!(
            out,
            r#"{"id":"#,
            Key("cus", customer.id),
            r#","object":"customer","balance":0,"created":"#,
            customer.created,
            r#","currency":"#,
            self.currency(),
            r#","delinquent":"#,
            self.owes(index),
            r#","description":null,"discount":null,"email":"#,
            Quoted(self.email(customer, self.now)),
            r#","invoice_prefix":"#,
            Quoted(invoice_prefix(customer)),
            r#","livemode":"#,
            self.facts.is_live,
            r#","metadata":"#,
        );
        match &customer.account_key {
            Some(key) => {
                put!(out, r#"{"account_id":"#, Quoted(key), "}");
            }
            None => {
                put!(out, "{}");
            }
        }
        let invoices = self.facts.invoices.iter().filter(|invoice| {
            self.facts.subscriptions[invoice.subscription].customer == index
                && invoice.finalized_at <= self.now
        });
        put!(
            out,
            r#","name":"#,
            Quoted(&customer.name),
            r#","next_invoice_sequence":"#,
            1 + invoices.count(),
            r#","phone":null,"tax_exempt":"none","test_clock":null}"#,
        );
    }

    /// True if the latest invoice of the customer could not be collected.
    fn owes(&self, customer: usize) -> bool {
        let invoices = self.facts.invoices.iter().enumerate().rev();
        let mut own = invoices.filter(|(_, invoice)| {
            self.facts.subscriptions[invoice.subscription].customer == customer
                && invoice.finalized_at <= self.now
        });
        own.next().is_some_and(|(index, _)| self.is_overdue(index))
    }

    pub fn currency(&self) -> Quoted<&'static str> {
        Quoted(crate::simulate::company::CURRENCIES[self.facts.currency])
    }
}

/// What the numbers of a customer's invoices start with.
pub fn invoice_prefix(customer: &Customer) -> String {
    let mut prefix = customer.id.to_string();
    prefix.truncate(8);
    prefix.make_ascii_uppercase();
    prefix
}
