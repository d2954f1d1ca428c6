//! Changes at a simulated time, and the events that Stripe makes of them.

use serde_json::{Map, Value, json};

use crate::object::shown;
use crate::resource::Resource;
use crate::world::{World, definition, lay, tombstone};

impl World {
    /// Creates an object and records the event of it. Gives the id.
    pub fn create(&mut self, resource: &str, mut object: Value, at: i64) -> String {
        let definition = definition(resource);
        if object.get(definition.created).is_none() {
            object[definition.created] = at.into();
        }
        self.pass(at);
        let id = self.insert(resource, object);
        let new = self.object(resource, &id).unwrap_or_default();
        for kind in created(resource, &new) {
            self.record(&kind, &new, None, at);
        }
        self.after_creation(resource, &new, at);
        id
    }

    /// Lays fields over an object and records the events that tell of it, with
    /// `previous_attributes`. Lists, also inline ones, are replaced whole.
    pub fn update(&mut self, resource: &str, id: &str, changes: Value, at: i64) {
        let (old, new) = self.replaced(resource, id, &changes);
        let previous = previous(&old, &new);
        self.pass(at);
        if previous.is_empty() {
            return;
        }
        for kind in changed(resource, &old, &new) {
            let is_update = kind.ends_with(".updated");
            let before = is_update.then(|| Value::Object(previous.clone()));
            self.record(&kind, &new, before, at);
        }
    }

    /// The same without an event: not every change makes one.
    pub fn update_silently(&mut self, resource: &str, id: &str, changes: Value) {
        self.replaced(resource, id, &changes);
    }

    fn replaced(&mut self, resource: &str, id: &str, changes: &Value) -> (Value, Value) {
        let old = self.object(resource, id);
        let old = old.unwrap_or_else(|| panic!("there is no {id} among the {resource}"));
        let mut new = old.clone();
        lay(&mut new, changes.as_object().expect("changes are an object"));
        let is_unlisted = self.store(resource).get(id).is_some_and(|entry| entry.is_unlisted);
        self.put(definition(resource), new, is_unlisted);
        let new = self.object(resource, id).unwrap_or_default();
        (old, new)
    }

    /// Deletes an object and records the event of it. A customer takes its subscriptions along:
    /// they are canceled.
    pub fn delete(&mut self, resource: &str, id: &str, at: i64) {
        let definition = definition(resource);
        if resource == "customers" {
            for subscription in self.children("subscriptions", "customer", id) {
                let subscription = subscription["id"].as_str().unwrap_or_default().to_owned();
                self.cancel(&subscription, at);
            }
        }
        let gone = self.store_mut(resource).delete(id, tombstone(definition, id));
        let gone = gone.unwrap_or_else(|| panic!("there is no {id} among the {resource}"));
        self.pass(at);
        if let Some(kind) = deleted(resource) {
            self.record(kind, &gone.object(), None, at);
        }
    }

    /// Deletes an object without an event.
    pub fn delete_silently(&mut self, resource: &str, id: &str) {
        let left = tombstone(definition(resource), id);
        self.store_mut(resource).delete(id, left);
    }

    /// Ends a subscription at once.
    pub fn cancel(&mut self, subscription: &str, at: i64) {
        let changes = json!({ "status": "canceled", "canceled_at": at, "ended_at": at });
        self.update("subscriptions", subscription, changes, at);
    }

    /// Records an event about an object. The payload is what a list would show: ten elements of its
    /// lists, in the shape of the version that the world has now.
    pub fn record(&mut self, kind: &str, object: &Value, previous: Option<Value>, at: i64) {
        let mut data = json!({ "object": shown(object.clone(), &[]) });
        if let Some(previous) = previous {
            data["previous_attributes"] = previous;
        }
        let event = json!({
            "type": kind,
            "created": at,
            "api_version": self.version(),
            "data": data,
            "pending_webhooks": 0,
            "request": { "id": null, "idempotency_key": null },
        });
        self.insert("events", event);
    }

    /// What the creation of an object changes in others.
    fn after_creation(&mut self, resource: &str, new: &Value, at: i64) {
        let Some(charge) = new["charge"].as_str().filter(|id| self.has("charges", id)) else {
            return;
        };
        let charge = charge.to_owned();
        match resource {
            "refunds" if new["status"] != "failed" => {
                let old = self.object("charges", &charge).unwrap_or_default();
                let amount = |object: &Value, name: &str| object[name].as_i64().unwrap_or_default();
                let refunded = amount(&old, "amount_refunded") + amount(new, "amount");
                let is_whole = refunded >= amount(&old, "amount");
                let changes = json!({ "amount_refunded": refunded, "refunded": is_whole });
                self.update("charges", &charge, changes, at);
            }
            "disputes" => self.update("charges", &charge, json!({ "disputed": true }), at),
            _ => {}
        }
    }

    fn has(&self, resource: &str, id: &str) -> bool {
        self.store(resource).get(id).is_some()
    }
}

/// The old values of what changed: of objects inside only the fields that changed, of lists all.
fn previous(old: &Value, new: &Value) -> Map<String, Value> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return Map::new() };
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    let changed = names.filter(|name| old.get(*name) != new.get(*name));
    let before = changed.map(|name| {
        let before = match (old.get(name), new.get(name)) {
            (Some(old @ Value::Object(_)), Some(new @ Value::Object(_)))
                if old.get("object").is_none() =>
            {
                Value::Object(previous(old, new))
            }
            (old, _) => old.cloned().unwrap_or_default(),
        };
        (name.clone(), before)
    });
    before.collect()
}

/// The events of a new object.
fn created(resource: &str, new: &Value) -> Vec<String> {
    let status = new["status"].as_str().unwrap_or_default();
    let kind = match resource {
        "customers"
        | "coupons"
        | "prices"
        | "products"
        | "plans"
        | "payouts"
        | "invoices"
        | "promotion_codes"
        | "subscription_schedules"
        | "payment_intents"
        | "credit_notes"
        | "tax_rates" => format!("{}.created", object_name(resource)),
        "invoiceitems" => "invoiceitem.created".into(),
        "subscriptions" => "customer.subscription.created".into(),
        "discounts" => "customer.discount.created".into(),
        "tax_ids" => "customer.tax_id.created".into(),
        "refunds" => "refund.created".into(),
        "disputes" => "charge.dispute.created".into(),
        "charges" => format!("charge.{status}"),
        "payment_methods" if !new["customer"].is_null() => "payment_method.attached".into(),
        "invoice_payments" if status == "paid" => "invoice_payment.paid".into(),
        _ => return vec![],
    };
    vec![kind]
}

/// The events of a change.
fn changed(resource: &str, old: &Value, new: &Value) -> Vec<String> {
    let turned = |status: &str| old["status"] != status && new["status"] == status;
    let grew = |name: &str| new[name].as_i64() > old[name].as_i64();
    let one = |kind: &str| vec![kind.to_owned()];
    let object = object_name(resource);
    match resource {
        "subscriptions" if turned("canceled") => one("customer.subscription.deleted"),
        "subscriptions" => {
            let mut kinds = one("customer.subscription.updated");
            if turned("paused") {
                kinds.push("customer.subscription.paused".into());
            } else if old["status"] == "paused" && new["status"] != "paused" {
                kinds.push("customer.subscription.resumed".into());
            }
            kinds
        }
        "invoices" => {
            let mut kinds = one("invoice.updated");
            let turns = [
                ("open", "finalized"),
                ("paid", "paid"),
                ("paid", "payment_succeeded"),
                ("void", "voided"),
                ("uncollectible", "marked_uncollectible"),
            ];
            let turns = turns.iter().filter(|(status, _)| turned(status));
            kinds.extend(turns.map(|(_, kind)| format!("invoice.{kind}")));
            if grew("attempt_count") && new["status"] != "paid" {
                kinds.push("invoice.payment_failed".into());
            }
            kinds
        }
        "charges" if grew("amount_refunded") => one("charge.refunded"),
        "charges" if old["captured"] == false && new["captured"] == true => one("charge.captured"),
        "charges" if turned("failed") => one("charge.failed"),
        "charges" if turned("succeeded") => one("charge.succeeded"),
        "charges" => one("charge.updated"),
        "refunds" if turned("failed") => one("refund.failed"),
        "refunds" => vec!["refund.updated".into(), "charge.refund.updated".into()],
        "disputes" if turned("won") || turned("lost") || turned("warning_closed") => {
            one("charge.dispute.closed")
        }
        "disputes" => one("charge.dispute.updated"),
        "credit_notes" if turned("void") => one("credit_note.voided"),
        "payment_intents" => {
            let status = new["status"].as_str().unwrap_or_default();
            match status {
                _ if old["status"] == new["status"] => vec![],
                "succeeded" | "canceled" | "processing" | "requires_action" => {
                    vec![format!("payment_intent.{status}")]
                }
                "requires_payment_method" => one("payment_intent.payment_failed"),
                _ => vec![],
            }
        }
        "payment_methods" if old["customer"].is_null() && !new["customer"].is_null() => {
            one("payment_method.attached")
        }
        "payment_methods" if !old["customer"].is_null() && new["customer"].is_null() => {
            one("payment_method.detached")
        }
        "subscription_schedules" => {
            let status = new["status"].as_str().unwrap_or_default();
            match status {
                "canceled" | "completed" | "released" if turned(status) => {
                    vec![format!("subscription_schedule.{status}")]
                }
                _ => one("subscription_schedule.updated"),
            }
        }
        "invoice_payments" if turned("paid") => one("invoice_payment.paid"),
        "tax_ids" => one("customer.tax_id.updated"),
        "discounts" => one("customer.discount.updated"),
        // These have no event of a change.
        "invoice_payments" | "invoiceitems" | "balance_transactions" => vec![],
        _ => vec![format!("{object}.updated")],
    }
}

/// The event of a deletion.
fn deleted(resource: &str) -> Option<&'static str> {
    let kind = match resource {
        "customers" => "customer.deleted",
        "products" => "product.deleted",
        "prices" => "price.deleted",
        "plans" => "plan.deleted",
        "coupons" => "coupon.deleted",
        "invoices" => "invoice.deleted",
        "invoiceitems" => "invoiceitem.deleted",
        "tax_ids" => "customer.tax_id.deleted",
        "discounts" => "customer.discount.deleted",
        _ => return None,
    };
    Some(kind)
}

fn object_name(resource: &str) -> &'static str {
    let resource: &Resource = definition(resource);
    resource.object
}
