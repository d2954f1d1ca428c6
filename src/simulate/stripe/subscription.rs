//! Subscriptions as Stripe lists them, with their item.

use super::catalogue::PriceOf;
use super::text::{Key, Quoted, put};
use super::view::View;
use crate::simulate::facts::{Reason, Subscription};

impl View<'_> {
    pub fn subscription(&self, index: usize, out: &mut Vec<u8>) {
        let facts = self.facts;
        let subscription = &facts.subscriptions[index];
        let customer = &facts.customers[subscription.customer];
        let period = self.current_period(index);
        let decided = self.by_now(subscription.canceled_at);
        let is_scheduled = decided.is_some() && subscription.is_at_period_end;
        let reason = subscription.reason.filter(|_| decided.is_some());
        let trial_end = self.trial_end(subscription);
        let anchor = trial_end.unwrap_or(subscription.created);
        put!(
            out,
            r#"{"id":"#,
            Key("sub", subscription.id),
            r#","object":"subscription","billing_cycle_anchor":"#,
            anchor,
            r#","cancel_at":"#,
            subscription.ends_at.filter(|_| is_scheduled),
            r#","cancel_at_period_end":"#,
            is_scheduled,
            r#","canceled_at":"#,
            decided,
            r#","cancellation_details":{"comment":null,"feedback":null,"reason":"#,
            reason.and_then(told).map(Quoted),
            r#"},"collection_method":"#,
            Quoted(collection_method(subscription)),
            r#","created":"#,
            subscription.created,
            r#","currency":"#,
            self.currency(),
            r#","customer":"#,
            Key("cus", customer.id),
            r#","days_until_due":"#,
            subscription.terms.is_sent.then_some(14_i64),
            r#","default_payment_method":null,"description":null,"discounts":["#,
        );
        if self.has_discount(subscription) {
            self.discount(subscription, out);
        }
        put!(
            out,
            r#"],"ended_at":"#,
            self.by_now(subscription.ends_at),
            r#","items":{"object":"list","data":["#,
        );
        self.item(subscription, period, out);
        let latest = self.invoices_of(index).last();
        put!(
            out,
            r#"],"has_more":false,"url":"/v1/subscription_items?subscription="#,
            format_args!("sub_{}", subscription.id),
            r#""},"latest_invoice":"#,
            latest.map(|invoice| Key("in", facts.invoices[invoice].id)),
            r#","livemode":"#,
            facts.is_live,
            r#","metadata":{},"pause_collection":null,"schedule":null,"start_date":"#,
            subscription.created,
            r#","status":"#,
            Quoted(self.status(index)),
            r#","test_clock":null,"trial_end":"#,
            trial_end,
            r#","trial_settings":{"end_behavior":{"missing_payment_method":"cancel"}},"#,
            r#""trial_start":"#,
            subscription.trial.map(|trial| trial.start),
        );
        self.rest_of_subscription(subscription, period, out);
        put!(out, "}");
    }

    fn item(&self, subscription: &Subscription, period: (i64, i64), out: &mut Vec<u8>) {
        let of = PriceOf::new(&subscription.terms, self.facts.currency, self.facts.is_live);
        put!(
            out,
            r#"{"id":"#,
            Key("si", subscription.item),
            r#","object":"subscription_item","created":"#,
            subscription.created,
        );
        self.period_of_item(period, out);
        put!(out, r#","discounts":[],"metadata":{},"plan":"#);
        out.extend_from_slice(self.catalogue.plan(of));
        put!(out, r#","price":"#);
        out.extend_from_slice(self.catalogue.price(of));
        put!(
            out,
            r#","subscription":"#,
            Key("sub", subscription.id),
            r#","quantity":"#,
            subscription.terms.quantity,
            "}",
        );
    }
}

pub fn collection_method(subscription: &Subscription) -> &'static str {
    if subscription.terms.is_sent { "send_invoice" } else { "charge_automatically" }
}

fn told(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Requested => Some("cancellation_requested"),
        Reason::PaymentFailed => Some("payment_failed"),
        Reason::PaymentDisputed => Some("payment_disputed"),
        Reason::NoPaymentMethod => None,
    }
}
