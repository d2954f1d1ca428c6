//! Charges, and the ways in which money goes back. As with invoices, fields that are never filled
//! are left out.

use super::text::{Key, Quoted, put};
use super::view::View;
use crate::simulate::calendar::DAY;
use crate::simulate::facts::{Charge, Dispute};

impl View<'_> {
    pub fn charge(&self, index: usize, out: &mut Vec<u8>) {
        let facts = self.facts;
        let charge = &facts.charges[index];
        let invoice = &facts.invoices[charge.invoice];
        let customer = &facts.customers[facts.subscriptions[invoice.subscription].customer];
        let amount = invoice.total();
        let back = self.refunded(index);
        let is_paid = !charge.is_failed;
        put!(
            out,
            r#"{"id":"#,
            Key("ch", charge.id),
            r#","object":"charge","amount":"#,
            amount,
            r#","amount_captured":"#,
            if is_paid { amount } else { 0 },
            r#","amount_refunded":"#,
            back,
            r#","balance_transaction":"#,
            is_paid.then_some(Key("txn", charge.balance)),
            r#","billing_details":{"email":null,"name":"#,
            Quoted(&customer.name),
            r#"},"calculated_statement_descriptor":"LOOMLANE","captured":"#,
            is_paid,
            r#","created":"#,
            charge.created,
            r#","currency":"#,
            self.currency(),
            r#","customer":"#,
            Key("cus", customer.id),
            r#","description":"Subscription","disputed":"#,
            self.is_disputed(index),
        );
        self.outcome(charge, out);
        put!(
            out,
            r#","livemode":"#,
            facts.is_live,
            r#","metadata":{},"paid":"#,
            is_paid,
            r#","payment_intent":"#,
            Key("pi", invoice.intent),
            r#","payment_method":"#,
            Key("pm", customer.id),
            r#","receipt_email":null,"refunded":"#,
            back > 0 && back >= amount,
            r#","status":"#,
            Quoted(if is_paid { "succeeded" } else { "failed" }),
        );
        self.rest_of_charge(invoice, out);
    }

    /// How the bank answered.
    fn outcome(&self, charge: &Charge, out: &mut Vec<u8>) {
        if charge.is_failed {
            put!(
                out,
                r#","failure_code":"card_declined","#,
                r#""failure_message":"Your card was declined.","fraud_details":{},"#,
                r#""outcome":{"advice_code":"try_again_later","network_advice_code":null,"#,
                r#""network_decline_code":"51","network_status":"declined_by_network","#,
                r#""reason":"insufficient_funds","risk_level":"normal","#,
                r#""seller_message":"The bank did not return any further details with this decline.","#,
                r#""type":"issuer_declined"}"#,
            );
        } else {
            put!(
                out,
                r#","failure_code":null,"#,
                r#""failure_message":null,"fraud_details":{},"#,
                r#""outcome":{"advice_code":null,"network_advice_code":null,"#,
                r#""network_decline_code":null,"network_status":"approved_by_network","#,
                r#""reason":null,"risk_level":"normal","seller_message":"Payment complete.","#,
                r#""type":"authorized"}"#,
            );
        }
    }

    fn refunded(&self, charge: usize) -> i64 {
        let refunds = self.facts.refunds.iter();
        refunds
            .filter(|refund| refund.charge == charge && refund.created <= self.now)
            .map(|refund| refund.amount)
            .sum()
    }

    fn is_disputed(&self, charge: usize) -> bool {
        let mut disputes = self.facts.disputes.iter();
        disputes.any(|dispute| dispute.charge == charge && dispute.created <= self.now)
    }

    pub fn refund(&self, index: usize, out: &mut Vec<u8>) {
        let refund = &self.facts.refunds[index];
        let charge = &self.facts.charges[refund.charge];
        let invoice = &self.facts.invoices[charge.invoice];
        put!(
            out,
            r#"{"id":"#,
            Key("re", refund.id),
            r#","object":"refund","amount":"#,
            refund.amount,
            r#","balance_transaction":"#,
            Key("txn", refund.balance),
            r#","charge":"#,
            Key("ch", charge.id),
            r#","created":"#,
            refund.created,
            r#","currency":"#,
            self.currency(),
            r#","destination_details":null,"metadata":{},"payment_intent":"#,
            Key("pi", invoice.intent),
            r#","reason":"requested_by_customer","receipt_number":null,"#,
            r#""source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null}"#,
        );
    }

    pub fn dispute(&self, index: usize, out: &mut Vec<u8>) {
        let dispute = &self.facts.disputes[index];
        let charge = &self.facts.charges[dispute.charge];
        let invoice = &self.facts.invoices[charge.invoice];
        put!(
            out,
            r#"{"id":"#,
            Key("dp", dispute.id),
            r#","object":"dispute","amount":"#,
            invoice.total(),
            r#","balance_transactions":[],"charge":"#,
            Key("ch", charge.id),
            r#","created":"#,
            dispute.created,
            r#","currency":"#,
            self.currency(),
            r#","evidence":{},"evidence_details":{"due_by":"#,
            dispute.created + 7 * DAY,
            r#","has_evidence":false,"past_due":false,"submission_count":0},"#,
            r#""is_charge_refundable":false,"livemode":"#,
            self.facts.is_live,
            r#","metadata":{},"payment_intent":"#,
            Key("pi", invoice.intent),
            r#","reason":"general","status":"#,
            Quoted(self.dispute_status(dispute)),
            "}",
        );
    }

    fn dispute_status(&self, dispute: &Dispute) -> &'static str {
        match self.by_now(Some(dispute.decided_at)) {
            Some(_) if dispute.is_won => "won",
            Some(_) => "lost",
            None => "needs_response",
        }
    }

    pub fn credit_note(&self, index: usize, out: &mut Vec<u8>) {
        let note = &self.facts.credit_notes[index];
        let invoice = &self.facts.invoices[note.invoice];
        let customer =
            &self.facts.customers[self.facts.subscriptions[invoice.subscription].customer];
        put!(
            out,
            r#"{"id":"#,
            Key("cn", note.id),
            r#","object":"credit_note","amount":"#,
            note.amount,
            r#","amount_shipping":0,"created":"#,
            note.created,
            r#","currency":"#,
            self.currency(),
            r#","customer":"#,
            Key("cus", customer.id),
            r#","customer_balance_transaction":"#,
            note.refund.is_none().then_some(Key("cbtxn", note.id)),
            r#","discount_amount":0,"discount_amounts":[],"effective_at":"#,
            note.created,
            r#","invoice":"#,
            Key("in", invoice.id),
            r#","lines":{"object":"list","data":[],"has_more":false,"url":"/v1/credit_notes/cn_"#,
            format_args!("{}", note.id),
            r#"/lines"},"livemode":"#,
            self.facts.is_live,
            r#","memo":null,"metadata":{},"number":"#,
            Quoted(format_args!("CN-{}", note.id)),
            r#","out_of_band_amount":null,"pdf":null,"reason":null,"shipping_cost":null,"#,
            r#""status":"issued","subtotal":"#,
            note.amount,
            r#","subtotal_excluding_tax":"#,
            note.amount,
            r#","total":"#,
            note.amount,
            r#","total_excluding_tax":"#,
            note.amount,
            r#","type":"post_payment","voided_at":null"#,
        );
        self.rest_of_credit_note(note, out);
    }
}
