//! Invoices as Stripe lists them, with their line, and the payments of the newer shape. Fields that
//! no simulated invoice fills are left out: they would be a third of the export.

use super::catalogue::PriceOf;
use super::subscription::collection_method;
use super::text::{Key, Quoted, put};
use super::view::{View, invoice_prefix};
use crate::simulate::calendar::DAY;
use crate::simulate::company::{NAME, PLANS};
use crate::simulate::facts::{Billing, Invoice};

impl View<'_> {
    pub fn invoice(&self, index: usize, out: &mut Vec<u8>) {
        let invoice = &self.facts.invoices[index];
        let subscription = &self.facts.subscriptions[invoice.subscription];
        let customer = &self.facts.customers[subscription.customer];
        let is_final = invoice.finalized_at <= self.now;
        let finalized_at = is_final.then_some(invoice.finalized_at);
        let (total, paid) = (invoice.total(), self.amount_paid(invoice));
        let attempts = self.charges_of(index).count();
        let due_at = subscription.terms.is_sent.then_some(invoice.created + 14 * DAY);
        put!(
            out,
            r#"{"id":"#,
            Key("in", invoice.id),
            r#","object":"invoice","account_country":"US","account_name":"#,
            Quoted(NAME),
            r#","amount_due":"#,
            total,
            r#","amount_paid":"#,
            paid,
            r#","amount_remaining":"#,
            total - paid,
            r#","attempt_count":"#,
            attempts,
            r#","attempted":"#,
            is_final,
            r#","auto_advance":false,"billing_reason":"#,
            Quoted(billing_reason(invoice.billing)),
            r#","collection_method":"#,
            Quoted(collection_method(subscription)),
            r#","created":"#,
            invoice.created,
            r#","currency":"#,
            self.currency(),
            r#","customer":"#,
            Key("cus", customer.id),
            r#","customer_email":"#,
            Quoted(self.email(customer, invoice.finalized_at.min(self.now))),
            r#","customer_name":"#,
            Quoted(&customer.name),
            r#","customer_tax_exempt":"none","default_payment_method":null,"description":null,"#,
            r#""discounts":["#,
        );
        if invoice.off > 0 {
            self.discount(subscription, out);
        }
        put!(
            out,
            r#"],"due_date":"#,
            due_at,
            r#","effective_at":"#,
            finalized_at,
            r#","ending_balance":"#,
            finalized_at.map(|_| 0_i64),
            r#","issuer":{"type":"self"},"lines":{"object":"list","data":["#,
        );
        self.line(invoice, out);
        let number = finalized_at.map(|_| {
            let prefix = invoice_prefix(customer);
            Quoted(format!("{prefix}-{:04}", invoice.number))
        });
        put!(
            out,
            r#"],"has_more":false,"url":"/v1/invoices/in_"#,
            format_args!("{}", invoice.id),
            r#"/lines"},"livemode":"#,
            self.facts.is_live,
            r#","metadata":{},"next_payment_attempt":null,"number":"#,
            number,
            r#","period_end":"#,
            invoice.end,
            r#","period_start":"#,
            invoice.start,
            r#","post_payment_credit_notes_amount":"#,
            self.credited(index),
            r#","pre_payment_credit_notes_amount":0,"starting_balance":0,"status":"#,
            Quoted(self.invoice_status(invoice)),
            r#","status_transitions":{"finalized_at":"#,
            finalized_at,
            r#","marked_uncollectible_at":"#,
            self.by_now(invoice.uncollectible_at),
            r#","paid_at":"#,
            self.by_now(invoice.paid_at),
            r#","voided_at":"#,
            self.by_now(invoice.voided_at),
            r#"},"subtotal":"#,
            invoice.amount,
            r#","subtotal_excluding_tax":"#,
            invoice.amount,
            r#","test_clock":null,"total":"#,
            total,
            r#","total_discount_amounts":["#,
        );
        self.discount_amount(invoice, "", out);
        put!(out, r#"],"total_excluding_tax":"#, total, r#","total_pretax_credit_amounts":["#);
        self.discount_amount(invoice, r#","type":"discount""#, out);
        put!(out, r#"],"webhooks_delivered_at":"#, invoice.created);
        self.rest_of_invoice(index, out);
    }

    fn line(&self, invoice: &Invoice, out: &mut Vec<u8>) {
        let subscription = &self.facts.subscriptions[invoice.subscription];
        let terms = &subscription.terms;
        let plan = PLANS[terms.plan].name;
        put!(
            out,
            r#"{"id":"#,
            Key("il", invoice.line),
            r#","object":"line_item","amount":"#,
            invoice.amount,
            r#","currency":"#,
            self.currency(),
            r#","description":"#,
        );
        match invoice.billing {
            Billing::Trial => {
                put!(out, Quoted(format_args!("Trial period for {plan}")));
            }
            _ => {
                put!(out, Quoted(format_args!("{} × {plan}", terms.quantity)));
            }
        }
        put!(out, r#","discount_amounts":["#);
        self.discount_amount(invoice, "", out);
        put!(out, r#"],"discountable":true,"discounts":["#);
        if let Some(discount) = subscription.discount.filter(|_| invoice.off > 0) {
            put!(out, Key("di", discount));
        }
        put!(
            out,
            r#"],"invoice":"#,
            Key("in", invoice.id),
            r#","livemode":"#,
            self.facts.is_live,
            r#","metadata":{},"period":{"start":"#,
            invoice.start,
            r#","end":"#,
            invoice.end,
            r#"},"pretax_credit_amounts":["#,
        );
        self.discount_amount(invoice, r#","type":"discount""#, out);
        put!(out, r#"],"quantity":"#, terms.quantity);
        let of = PriceOf::new(terms, self.facts.currency, self.facts.is_live);
        self.rest_of_line(invoice, of, out);
    }

    fn discount_amount(&self, invoice: &Invoice, more: &str, out: &mut Vec<u8>) {
        let subscription = &self.facts.subscriptions[invoice.subscription];
        if let Some(discount) = subscription.discount.filter(|_| invoice.off > 0) {
            put!(
                out,
                r#"{"amount":"#,
                invoice.off,
                r#","discount":"#,
                Key("di", discount),
                more,
                "}",
            );
        }
    }

    /// What was credited after the payment.
    fn credited(&self, invoice: usize) -> i64 {
        let notes = self.facts.credit_notes.iter();
        notes
            .filter(|note| note.invoice == invoice && note.created <= self.now)
            .map(|note| note.amount)
            .sum()
    }

    /// The payment that links an invoice to its charges, if there is one.
    pub fn invoice_payment(&self, index: usize, out: &mut Vec<u8>) {
        let invoice = &self.facts.invoices[index];
        let paid_at = self.by_now(invoice.paid_at);
        let is_outside = invoice.is_out_of_band && paid_at.is_some();
        if !is_outside && !self.has_intent(invoice) {
            return;
        }
        let status = match self.invoice_status(invoice) {
            "paid" => "paid",
            "void" => "canceled",
            _ => "open",
        };
        put!(
            out,
            r#"{"id":"#,
            Key("inpay", invoice.payment),
            r#","object":"invoice_payment","amount_paid":"#,
            paid_at.map(|_| invoice.total()),
            r#","amount_requested":"#,
            invoice.total(),
            r#","created":"#,
            if is_outside { paid_at.unwrap_or_default() } else { invoice.finalized_at },
            r#","currency":"#,
            self.currency(),
            r#","invoice":"#,
            Key("in", invoice.id),
            r#","is_default":true,"livemode":"#,
            self.facts.is_live,
            r#","payment":{"#,
        );
        if is_outside {
            put!(out, r#""payment_record":"#, Key("pr", invoice.payment));
            put!(out, r#","type":"payment_record""#);
        } else {
            put!(out, r#""payment_intent":"#, Key("pi", invoice.intent));
            put!(out, r#","type":"payment_intent""#);
        }
        put!(
            out,
            r#"},"status":"#,
            Quoted(status),
            r#","status_transitions":{"canceled_at":"#,
            self.by_now(invoice.voided_at),
            r#","paid_at":"#,
            paid_at,
            r#"}}"#,
        );
    }
}

fn billing_reason(billing: Billing) -> &'static str {
    match billing {
        Billing::Trial | Billing::Create => "subscription_create",
        Billing::Cycle => "subscription_cycle",
        Billing::Update => "subscription_update",
    }
}
