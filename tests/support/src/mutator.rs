//! A world that changes while a client reads it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::json;

use crate::world::World;

/// Changes worlds by chance, the same for the same seed: objects are created, changed, deleted,
/// canceled, paid, refunded and disputed.
#[derive(Debug)]
pub struct Mutator {
    random: ChaCha8Rng,
    step_seconds: i64,
}

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), step_seconds: 60 }
    }

    /// Seconds of the world that pass with a change; 60 unless set.
    pub fn step_seconds(mut self, seconds: i64) -> Self {
        self.step_seconds = seconds;
        self
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.random.next_u64() % n.max(1) as u64).unwrap_or_default()
    }

    /// An object by chance.
    fn pick(&mut self, world: &World, resource: &str) -> Option<String> {
        let store = world.store(resource);
        let n = self.below(store.len());
        store.nth(n).map(|entry| entry.id.to_string())
    }

    /// Makes one change.
    pub fn step(&mut self, world: &mut World) {
        let at = world.now() + self.step_seconds;
        match self.below(12) {
            0 | 1 => self.create_customer(world, at),
            2 => {
                if let Some(id) = self.pick(world, "customers") {
                    let email = format!("changed{}@example.com", self.below(1_000_000));
                    world.update("customers", &id, json!({ "email": email }), at);
                }
            }
            3 => {
                if let Some(id) = self.pick(world, "customers") {
                    world.delete("customers", &id, at);
                }
            }
            4 => self.subscribe(world, at),
            5 => {
                if let Some(id) = self.pick(world, "subscriptions")
                    && world.object("subscriptions", &id).is_some_and(|s| s["status"] != "canceled")
                {
                    world.cancel(&id, at);
                }
            }
            6 => self.bill(world, at),
            7 => self.pay(world, at),
            8 => self.refund(world, at),
            9 => {
                if let Some(id) = self.pick(world, "products") {
                    let name = format!("Team {}", self.below(1_000_000));
                    world.update("products", &id, json!({ "name": name, "updated": at }), at);
                }
            }
            10 => {
                // Not every change makes an event.
                if let Some(id) = self.pick(world, "invoices") {
                    let changes = json!({ "metadata": { "seen": at.to_string() } });
                    world.update("invoices", &id, changes, at);
                }
            }
            _ => self.change_items(world, at),
        }
        world.pass(at);
    }

    fn change_items(&mut self, world: &mut World, at: i64) {
        match (self.pick(world, "invoiceitems"), self.pick(world, "customers")) {
            (Some(id), _) if self.below(2) == 0 => world.delete("invoiceitems", &id, at),
            (_, Some(customer)) => {
                let item = json!({ "customer": customer, "amount": 700, "currency": "usd",
                    "date": at, "period": { "start": at, "end": at }, "quantity": 1,
                    "quantity_decimal": "1", "invoice": null });
                world.create("invoiceitems", item, at);
            }
            _ => {}
        }
    }

    fn create_customer(&mut self, world: &mut World, at: i64) {
        let number = self.below(1_000_000);
        let email = format!("new{number}@example.com");
        world.create("customers", json!({ "email": email, "name": "New", "created": at }), at);
    }

    fn subscribe(&mut self, world: &mut World, at: i64) {
        let (Some(customer), Some(price), Some(coupon)) = (
            self.pick(world, "customers"),
            self.pick(world, "prices"),
            self.pick(world, "coupons"),
        ) else {
            return;
        };
        let items = if self.below(4) == 0 { 12 } else { 1 };
        let id = world.insert_subscription(&customer, &price, &coupon, items, at);
        let object = world.object("subscriptions", &id).unwrap_or_default();
        world.record("customer.subscription.created", &object, None, at);
    }

    fn bill(&mut self, world: &mut World, at: i64) {
        let (Some(subscription), Some(price)) =
            (self.pick(world, "subscriptions"), self.pick(world, "prices"))
        else {
            return;
        };
        let object = world.object("subscriptions", &subscription).unwrap_or_default();
        let customer = object["customer"].as_str().unwrap_or_default().to_owned();
        let lines = if self.below(4) == 0 { 25 } else { 1 };
        let invoice = world.invoice(&customer, &subscription, &price, lines, at);
        world.create("invoices", invoice, at);
    }

    fn pay(&mut self, world: &mut World, at: i64) {
        let Some(id) = self.pick(world, "invoices") else { return };
        let invoice = world.object("invoices", &id).unwrap_or_default();
        if invoice["status"] != "open" {
            return;
        }
        let total = invoice["total"].clone();
        let charge = json!({ "amount": total, "amount_captured": total, "amount_refunded": 0,
            "captured": true, "currency": "usd", "customer": invoice["customer"], "paid": true,
            "status": "succeeded", "created": at });
        world.create("charges", charge, at);
        let changes = json!({ "status": "paid", "amount_paid": total, "amount_remaining": 0,
            "status_transitions": { "paid_at": at } });
        world.update("invoices", &id, changes, at);
    }

    fn refund(&mut self, world: &mut World, at: i64) {
        let Some(charge) = self.pick(world, "charges") else { return };
        let refund = json!({ "charge": charge, "amount": 100, "currency": "usd",
            "status": "succeeded", "created": at });
        world.create("refunds", refund, at);
        if self.below(4) == 0 {
            let dispute = json!({ "charge": charge, "amount": 100, "currency": "usd",
                "reason": "general", "status": "needs_response", "created": at,
                "is_charge_refundable": false, "balance_transactions": [] });
            world.create("disputes", dispute, at);
        }
    }

    /// Makes so many changes.
    pub fn steps(&mut self, world: &mut World, steps: usize) {
        (0..steps).for_each(|_| self.step(world));
    }
}
