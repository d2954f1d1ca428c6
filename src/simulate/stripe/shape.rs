//! The two API generations, and every part of an object in which they differ.

use serde::Serialize;

use super::catalogue::PriceOf;
use super::text::{Key, Quoted, put};
use super::view::View;
use crate::simulate::facts::{CreditNote, Invoice, Subscription};

/// The shape of what Stripe tells. The history is the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// API version 2025-02-24.acacia, the last one before fields moved.
    Acacia,
    /// API version 2025-09-30.clover.
    Clover,
}

impl Shape {
    pub fn api_version(self) -> &'static str {
        match self {
            Shape::Acacia => "2025-02-24.acacia",
            Shape::Clover => "2025-09-30.clover",
        }
    }
}

impl View<'_> {
    /// The current period stands on the subscription, later on its item.
    pub fn period_of_item(&self, (start, end): (i64, i64), out: &mut Vec<u8>) {
        if self.shape == Shape::Clover {
            put!(out, r#","current_period_end":"#, end, r#","current_period_start":"#, start);
        }
    }

    pub fn rest_of_subscription(
        &self,
        subscription: &Subscription,
        (start, end): (i64, i64),
        out: &mut Vec<u8>,
    ) {
        match self.shape {
            Shape::Acacia => {
                put!(
                    out,
                    r#","current_period_end":"#,
                    end,
                    r#","current_period_start":"#,
                    start,
                    r#","discount":"#
                );
                self.discount_or_null(subscription, self.has_discount(subscription), out);
            }
            Shape::Clover => {
                put!(out, r#","billing_mode":{"flexible":null,"type":"classic"}"#);
            }
        }
    }

    /// The coupon of a discount: the whole one, later its id.
    pub fn coupon_of_discount(&self, coupon: usize, id: &str, out: &mut Vec<u8>) {
        match self.shape {
            Shape::Acacia => {
                put!(out, r#","coupon":"#);
                out.extend_from_slice(self.catalogue.coupon(coupon, self.facts.is_live));
            }
            Shape::Clover => {
                put!(out, r#","source":{"coupon":"#, Quoted(id), r#","type":"coupon"}"#);
            }
        }
    }

    /// What a line bills: the price as an object, later its id below `pricing`.
    pub fn rest_of_line(&self, invoice: &Invoice, of: PriceOf, out: &mut Vec<u8>) {
        let subscription = &self.facts.subscriptions[invoice.subscription];
        let (sub, item) = (Key("sub", subscription.id), Key("si", subscription.item));
        match self.shape {
            Shape::Acacia => {
                put!(out, r#","price":"#);
                out.extend_from_slice(self.catalogue.price(of));
                put!(out, r#","plan":"#);
                out.extend_from_slice(self.catalogue.plan(of));
                put!(
                    out,
                    r#","type":"subscription","subscription":"#,
                    sub,
                    r#","proration":false,"proration_details":{"credited_items":null},"#,
                    r#""subscription_item":"#,
                    item,
                    r#","tax_amounts":[],"tax_rates":[],"amount_excluding_tax":"#,
                    invoice.amount,
                    r#","unit_amount_excluding_tax":"#,
                    Quoted(of.amount()),
                    "}",
                );
            }
            Shape::Clover => {
                put!(
                    out,
                    r#","parent":{"invoice_item_details":null,"subscription_item_details":{"#,
                    r#""invoice_item":null,"proration":false,"#,
                    r#""proration_details":{"credited_items":null},"subscription":"#,
                    sub,
                    r#","subscription_item":"#,
                    item,
                    r#"},"type":"subscription_item_details"},"pricing":{"price_details":{"price":"#,
                    Quoted(of.id()),
                    r#","product":"#,
                    Quoted(of.product()),
                    r#"},"type":"price_details","unit_amount_decimal":"#,
                    Quoted(of.amount()),
                    r#"},"taxes":[]}"#,
                );
            }
        }
    }

    /// Which subscription an invoice belongs to, and how it was paid.
    pub fn rest_of_invoice(&self, index: usize, out: &mut Vec<u8>) {
        let invoice = &self.facts.invoices[index];
        let subscription = &self.facts.subscriptions[invoice.subscription];
        let id = Key("sub", subscription.id);
        match self.shape {
            Shape::Acacia => {
                let paid = self.by_now(invoice.paid_at);
                put!(
                    out,
                    r#","subscription":"#,
                    id,
                    r#","subscription_details":{"metadata":{}},"charge":"#,
                    self.charges_of(index).last().map(|charge| Key("ch", charge.id)),
                    r#","payment_intent":"#,
                    self.has_intent(invoice).then_some(Key("pi", invoice.intent)),
                    r#","paid":"#,
                    paid.is_some(),
                    r#","paid_out_of_band":"#,
                    paid.is_some() && invoice.is_out_of_band,
                    r#","tax":null,"total_tax_amounts":[],"discount":"#,
                );
                self.discount_or_null(subscription, invoice.off > 0, out);
                put!(out, "}");
            }
            Shape::Clover => {
                put!(
                    out,
                    r#","amount_overpaid":0,"parent":{"quote_details":null,"#,
                    r#""subscription_details":{"metadata":{},"subscription":"#,
                    id,
                    r#"},"type":"subscription_details"},"total_taxes":[]}"#,
                );
            }
        }
    }

    /// What an invoice says was paid: money from outside counts in the newer shape.
    pub fn amount_paid(&self, invoice: &Invoice) -> i64 {
        let is_outside = invoice.is_out_of_band && self.shape == Shape::Acacia;
        match self.by_now(invoice.paid_at) {
            Some(_) if !is_outside => invoice.total(),
            _ => 0,
        }
    }

    pub fn rest_of_charge(&self, invoice: &Invoice, out: &mut Vec<u8>) {
        if self.shape == Shape::Acacia {
            put!(out, r#","invoice":"#, Key("in", invoice.id));
        }
        put!(out, "}");
    }

    /// The refund that pays a credit note.
    pub fn rest_of_credit_note(&self, note: &CreditNote, out: &mut Vec<u8>) {
        let refund = note.refund.map(|refund| Key("re", self.facts.refunds[refund].id));
        match (self.shape, refund) {
            (Shape::Acacia, refund) => {
                put!(out, r#","refund":"#, refund, r#","tax_amounts":[]}"#);
            }
            (Shape::Clover, Some(refund)) => {
                put!(
                    out,
                    r#","refunds":[{"amount_refunded":"#,
                    note.amount,
                    r#","refund":"#,
                    refund,
                    r#","type":"refund"}],"total_taxes":[]}"#,
                );
            }
            (Shape::Clover, None) => {
                put!(out, r#","refunds":[],"total_taxes":[]}"#);
            }
        }
    }
}
