//! Stripe's own events: the last thirty days, each with the object as it stood then.

use super::text::{Key, Quoted, put};
use super::view::View;
use crate::simulate::calendar::EVENTS_KEPT;

/// What an event is about: which list, and where in it.
#[derive(Debug, Clone, Copy)]
enum Object {
    Customer(usize),
    Subscription(usize),
    Invoice(usize),
    Charge(usize),
    Dispute(usize),
}

/// An event to be told.
struct Told {
    kind: &'static str,
    at: i64,
    object: Object,
    /// JSON of the attributes before, if the event has them.
    before: Option<String>,
}

impl View<'_> {
    /// Calls `write` with each event of the account. The view itself is that of the end.
    pub fn events(&self, buffer: &mut Vec<u8>, mut write: impl FnMut(&[u8])) {
        let mut ids = self.facts.ids.clone();
        for told in self.told() {
            buffer.clear();
            put!(
                buffer,
                r#"{"id":"#,
                Key("evt", ids.next()),
                r#","object":"event","api_version":"#,
                Quoted(self.shape.api_version()),
                r#","created":"#,
                told.at,
                r#","data":{"object":"#,
            );
            let then = View { now: told.at, ..*self };
            match told.object {
                Object::Customer(index) => then.customer(index, buffer),
                Object::Subscription(index) => then.subscription(index, buffer),
                Object::Invoice(index) => then.invoice(index, buffer),
                Object::Charge(index) => then.charge(index, buffer),
                Object::Dispute(index) => then.dispute(index, buffer),
            }
            if let Some(before) = &told.before {
                put!(buffer, r#","previous_attributes":"#, before.as_str());
            }
            put!(
                buffer,
                r#"},"livemode":"#,
                self.facts.is_live,
                r#","pending_webhooks":0,"request":{"id":null,"idempotency_key":null},"type":"#,
                Quoted(told.kind),
                "}",
            );
            write(buffer);
        }
    }

    fn told(&self) -> Vec<Told> {
        let mut told = vec![];
        let kept = self.now - EVENTS_KEPT..=self.now;
        let mut tell = |kind, at: Option<i64>, object, before| {
            if let Some(at) = at.filter(|at| kept.contains(at)) {
                told.push(Told { kind, at, object, before });
            }
        };
        let facts = self.facts;
        for (index, customer) in facts.customers.iter().enumerate() {
            let object = Object::Customer(index);
            tell("customer.created", Some(customer.created), object, None);
            if let Some((at, _)) = &customer.new_email {
                let before = format!(r#"{{"email":"{}"}}"#, customer.email);
                tell("customer.updated", Some(*at), object, Some(before));
            }
        }
        for (index, subscription) in facts.subscriptions.iter().enumerate() {
            let object = Object::Subscription(index);
            let updated = "customer.subscription.updated";
            tell("customer.subscription.created", Some(subscription.created), object, None);
            if let Some(trial) = subscription.trial {
                let ended = Some(trial.end).filter(|&end| !has_ended(subscription.ends_at, end));
                let before = match trial.end < trial.planned_end {
                    true => {
                        format!(r#"{{"status":"trialing","trial_end":{}}}"#, trial.planned_end)
                    }
                    false => r#"{"status":"trialing"}"#.to_owned(),
                };
                tell(updated, ended, object, Some(before));
            }
            if subscription.is_at_period_end {
                let before = r#"{"cancel_at":null,"cancel_at_period_end":false,"canceled_at":null,"cancellation_details":{"reason":null}}"#;
                tell(updated, subscription.canceled_at, object, Some(before.to_owned()));
            }
            tell("customer.subscription.deleted", subscription.ends_at, object, None);
        }
        for (index, invoice) in facts.invoices.iter().enumerate() {
            tell("invoice.paid", invoice.paid_at, Object::Invoice(index), None);
        }
        for (index, charge) in facts.charges.iter().enumerate() {
            if charge.is_failed {
                let object = Object::Invoice(charge.invoice);
                tell("invoice.payment_failed", Some(charge.created), object, None);
            }
            let refunds = facts.refunds.iter().filter(|refund| refund.charge == index);
            for refund in refunds {
                tell("charge.refunded", Some(refund.created), Object::Charge(index), None);
            }
        }
        for (index, dispute) in facts.disputes.iter().enumerate() {
            let object = Object::Dispute(index);
            tell("charge.dispute.created", Some(dispute.created), object, None);
            tell("charge.dispute.closed", Some(dispute.decided_at), object, None);
        }
        told
    }
}

fn has_ended(ends_at: Option<i64>, by: i64) -> bool {
    ends_at.is_some_and(|end| end <= by)
}
