//! A world that changes, and the events that tell of it.

mod client;

use std::collections::BTreeSet;

use client::Client;
use paydirt_stand_in::{ACACIA, DAHLIA, Mutator, Server, Settings, World};
use serde_json::{Value, json};

const START: i64 = 1_767_225_600;
const DAY: i64 = 86_400;

fn client(server: &Server) -> Client {
    Client::new(server, "rk_live_standin")
}

/// Types of the events, oldest first.
fn types(world: &World) -> Vec<String> {
    let events = world.objects("events");
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_change_tells_what_was_before() {
    let mut world = World::new(DAHLIA);
    let ada = json!({ "id": "cus_1", "email": "ada@old.example", "metadata": { "a": "1" } });
    world.create("customers", ada, START);
    let changes = json!({ "email": "ada@new.example", "metadata": { "a": "2" } });
    world.update("customers", "cus_1", changes, START + 5);
    world.update_silently("customers", "cus_1", json!({ "name": "Ada" }));
    world.delete("customers", "cus_1", START + 9);
    assert_eq!(types(&world), ["customer.created", "customer.updated", "customer.deleted"]);
    let events = world.objects("events");
    let updated = &events[1];
    assert_eq!(updated["created"], START + 5);
    assert_eq!(updated["api_version"], DAHLIA);
    assert_eq!(updated["data"]["object"]["email"], "ada@new.example");
    let before = json!({ "email": "ada@old.example", "metadata": { "a": "1" } });
    assert_eq!(updated["data"]["previous_attributes"], before);
    assert!(events[0]["data"].get("previous_attributes").is_none());
    assert_eq!(events[2]["data"]["object"]["name"], "Ada");
    assert_eq!(world.count("customers"), 0);
    assert_eq!(world.now(), START + 9);
}

#[test]
fn changes_reach_what_belongs_together() {
    let mut world = World::new(DAHLIA);
    let charge =
        json!({ "id": "ch_1", "amount": 300, "amount_refunded": 0, "status": "succeeded" });
    world.create("charges", charge, START);
    let refund = |amount| json!({ "charge": "ch_1", "amount": amount, "status": "succeeded" });
    world.create("refunds", refund(100), START + 1);
    world.create("refunds", refund(200), START + 2);
    let dispute =
        json!({ "id": "du_1", "charge": "ch_1", "amount": 300, "status": "needs_response" });
    world.create("disputes", dispute, START + 3);
    world.update("disputes", "du_1", json!({ "status": "lost" }), START + 4);
    let charge = world.object("charges", "ch_1").unwrap();
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(300), &json!(true)));
    assert_eq!(charge["disputed"], true);
    assert_eq!(
        types(&world),
        [
            "charge.succeeded",
            "refund.created",
            "charge.refunded",
            "refund.created",
            "charge.refunded",
            "charge.dispute.created",
            "charge.updated",
            "charge.dispute.closed"
        ]
    );
}

#[test]
fn invoices_and_subscriptions_have_their_own_events() {
    let mut world = World::new(DAHLIA);
    world.insert_sample(1, START);
    let subscription = world.ids("subscriptions")[0].clone();
    let customer = world.ids("customers")[0].clone();
    world.create("invoices", json!({ "id": "in_1", "status": "draft", "lines": [] }), START + 1);
    world.update("invoices", "in_1", json!({ "status": "open" }), START + 2);
    world.update("invoices", "in_1", json!({ "attempt_count": 1 }), START + 3);
    world.update("invoices", "in_1", json!({ "status": "paid", "attempt_count": 2 }), START + 4);
    world.update("subscriptions", &subscription, json!({ "status": "paused" }), START + 5);
    world.delete("customers", &customer, START + 6);
    assert_eq!(
        types(&world),
        [
            "invoice.created",
            "invoice.updated",
            "invoice.finalized",
            "invoice.updated",
            "invoice.payment_failed",
            "invoice.updated",
            "invoice.paid",
            "invoice.payment_succeeded",
            "customer.subscription.updated",
            "customer.subscription.paused",
            "customer.subscription.deleted",
            "customer.deleted"
        ]
    );
    assert_eq!(world.object("subscriptions", &subscription).unwrap()["ended_at"], START + 6);
}

#[test]
fn events_carry_ten_elements_and_the_shape_of_their_birth() {
    let mut world = World::new(ACACIA);
    world.insert_sample(1, START);
    let subscription = world.ids("subscriptions")[0].clone();
    let change = |quantity: &str| json!({ "metadata": { "seats": quantity } });
    world.update("subscriptions", &subscription, change("1"), START + 1);
    world.set_version(DAHLIA);
    world.update("subscriptions", &subscription, change("2"), START + 2);
    let events = world.objects("events");
    let of_version = |version: &str| {
        let event = events.iter().find(|event| event["api_version"] == version).unwrap();
        event["data"]["object"].clone()
    };
    let old = of_version(ACACIA);
    assert_eq!(old["items"]["data"].as_array().unwrap().len(), 10);
    assert_eq!(old["items"]["has_more"], true);
    assert!(old["current_period_end"].is_i64());
    assert!(old.get("billing_mode").is_none());
    assert!(of_version(DAHLIA)["billing_mode"].is_object());
}

#[test]
fn events_are_listed_for_thirty_days() {
    let mut world = World::new(DAHLIA);
    for day in 0..40 {
        let id = format!("cus_{day}");
        world.create("customers", json!({ "id": id }), START + day * DAY);
        if day % 2 == 0 {
            world.update("customers", &id, json!({ "name": "x" }), START + day * DAY + 1);
        }
    }
    let oldest = world.ids("events")[0].clone();
    let server = Server::start(Settings::new(world)).unwrap();
    let client = client(&server);
    let all = client.objects("/v1/events?limit=100");
    let times: Vec<i64> = all.iter().map(|event| event["created"].as_i64().unwrap()).collect();
    assert_eq!(times[times.len() - 1], START + 9 * DAY);
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    assert_eq!(client.ask(&format!("/v1/events/{oldest}")).0, 404);
    assert_eq!(client.all("/v1/events?types[]=customer.updated&limit=100").len(), 15);
    assert_eq!(client.all("/v1/events?type=customer.*&limit=100").len(), all.len());
    let types: String = (0..21).map(|n| format!("&types[]=t{n}")).collect();
    assert_eq!(client.ask(&format!("/v1/events?limit=1{types}")).0, 400);
    server.world_mut().set_now(START + 100 * DAY);
    assert_eq!(client.all("/v1/events").len(), 0);
}

#[test]
fn a_mutator_makes_the_same_of_the_same_seed() {
    let made = |seed| {
        let mut world = World::new(DAHLIA);
        world.insert_sample(5, START);
        Mutator::new(seed).steps(&mut world, 200);
        world.objects("events")
    };
    assert_eq!(made(3), made(3));
    assert_ne!(made(3), made(4));
    let kinds: BTreeSet<String> =
        made(3).iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    for kind in ["customer.deleted", "customer.subscription.deleted", "invoice.paid"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

/// Lists while the world changes end; whoever applies the events after them has the world.
#[test]
fn the_world_changes_while_a_client_lists_it() {
    let mut world = World::new(DAHLIA);
    world.insert_sample(60, START);
    let server = Server::start(Settings::new(world)).unwrap();
    let mut mutator = Mutator::new(9);
    server.before_each(move |world, _| mutator.step(world));
    let client = client(&server);
    let before = server.world().ids("customers");
    let mut listed: BTreeSet<String> = BTreeSet::new();
    let mut cursor: Option<Value> = None;
    loop {
        let after = cursor.as_ref().map(|id| format!("&starting_after={}", id.as_str().unwrap()));
        let path = format!("/v1/customers?limit=5{}", after.unwrap_or_default());
        let (status, page) = client.ask(&path);
        if status != 200 {
            // The cursor was deleted meanwhile.
            assert_eq!(page["error"]["code"], "resource_missing");
            break;
        }
        let data = page["data"].as_array().unwrap();
        listed.extend(data.iter().map(|object| object["id"].as_str().unwrap().to_owned()));
        cursor = data.last().map(|object| object["id"].clone());
        if page["has_more"] == false {
            break;
        }
    }
    assert!(listed.len() > 5 && before.len() == 60);
    assert!(server.world().count("events") > 5);
}
