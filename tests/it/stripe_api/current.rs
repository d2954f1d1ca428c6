//! Later syncs: what changed, what was deleted, and what is no longer to be known.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use paydirt_stand_in::Mutator;
use serde_json::json;

use super::{KEY, assert_same, project, sample_world, serve, sync};
use crate::command::paydirt_with_key;

const DAY: i64 = 86_400;

#[test]
fn changes_come_by_events_and_the_deleted_are_gone() {
    let server = serve(sample_world(10));
    let company = project(&server, "");
    sync(company.root()).printed();
    let (changed, deleted) = {
        let mut world = server.world_mut();
        let (ids, now) = (world.ids("customers"), world.now());
        world.update("customers", &ids[0], json!({ "email": "new@example.com" }), now + DAY);
        world.delete("customers", &ids[1], now + 2 * DAY);
        Mutator::new(7).step_seconds(600).steps(&mut world, 60);
        (ids[0].clone(), ids[1].clone())
    };
    server.forget_requests();
    sync(company.root()).printed();
    assert_same(&server, &company);
    assert_eq!(server.count("/v1/customers"), 0, "{:#?}", server.requests());
    assert!(server.count("/v1/events") >= 1);
    let database = company.open();
    let row = |id: &str| {
        database.rows(&format!(
            "select event_type, source, known_from = observed_at from stripe_log.customers where id = '{id}' and source = 'event' order by observed_at"
        ))
    };
    assert!(
        row(&changed).contains(&"customer.updated | event | true".to_owned()),
        "{:?}",
        row(&changed)
    );
    assert!(row(&deleted).contains(&"customer.deleted | event | true".to_owned()));
    // Lists that an event cuts are fetched whole.
    assert_eq!(
        database.value("select count(*) from stripe_log.invoices where has_more_lines"),
        "0"
    );
    // Later syncs that find nothing add nothing.
    let keys = company.open().landed_keys();
    sync(company.root()).printed();
    assert_eq!(company.open().landed_keys(), keys);
}

#[test]
fn a_gap_in_the_events_is_told_and_listed_over() {
    let server = serve(sample_world(10));
    let company = project(&server, "");
    sync(company.root()).printed();
    let id = {
        let mut world = server.world_mut();
        let now = world.now();
        let id = world.ids("customers")[2].clone();
        // There and back again, and nobody saw it.
        let email = world.object("customers", &id).unwrap()["email"].clone();
        world.update("customers", &id, json!({ "email": "a@example.com" }), now + DAY);
        world.update("customers", &id, json!({ "email": email }), now + 2 * DAY);
        world.update("customers", &id, json!({ "email": "b@example.com" }), now + 3 * DAY);
        let gone = world.ids("customers")[3].clone();
        world.delete("customers", &gone, now + 3 * DAY);
        world.set_now(now + 45 * DAY);
        id
    };
    let said = sync(company.root());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("no longer to be had"), "{}", said.err);
    let database = company.open();
    assert_eq!(database.value("select count(*) from system.diagnostics where kind = 'gap'"), "1");
    let email = format!("select email from stripe_version.customers where id = '{id}'");
    database.at("2099-01-01");
    assert_eq!(database.value(&email), "b@example.com");
    assert_same(&server, &company);
    // The gap is dealt with once.
    server.forget_requests();
    sync(company.root()).printed();
    assert_eq!(server.count("/v1/customers"), 0);
}

#[test]
fn follow_lands_what_happens_until_it_is_stopped() {
    let server = serve(sample_world(2));
    let company = project(&server, "");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("paydirt"))
        .current_dir(company.root())
        .env("STRIPE_API_KEY", KEY)
        .args(["sync", "--follow", "--every", "1s"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let wait_for = |what: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !what() {
            assert!(start.elapsed() < Duration::from_secs(90));
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    wait_for(&|| server.count("/v1/events") >= 2);
    {
        let mut world = server.world_mut();
        let at = world.now() + 60;
        world.create("customers", json!({ "email": "late@example.com", "created": at }), at);
    }
    let polls = server.count("/v1/events");
    wait_for(&|| server.count("/v1/events") >= polls + 3);
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let output = child.wait().unwrap();
    assert_eq!(output.code(), Some(0));
    let late = "select count(*) from stripe_log.customers where email = 'late@example.com'";
    assert_eq!(company.open().value(late), "1");
}

#[test]
fn reconcile_names_what_differs() {
    let server = serve(sample_world(5));
    let company = project(&server, "");
    sync(company.root()).printed();
    let said = paydirt_with_key(company.root(), &["reconcile"], KEY);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("the lake holds what Stripe lists"), "{}", said.out);
    let (changed, deleted) = {
        let mut world = server.world_mut();
        let ids = world.ids("customers");
        world.update_silently("customers", &ids[0], json!({ "email": "silent@example.com" }));
        let product = world.ids("products")[0].clone();
        world.delete_silently("products", &product);
        (ids[0].clone(), "products")
    };
    let said = paydirt_with_key(company.root(), &["reconcile"], KEY);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains(&changed) && said.out.contains("different: email"), "{}", said.out);
    assert!(said.out.contains(deleted) && said.out.contains("no longer listed"), "{}", said.out);
}
