//! Faults and rate limits, as they come over the wire.

mod client;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use client::{Client, ids};
use paydirt_stand_in::{DAHLIA, Fault, Limits, Rule, Server, Settings, World};
use serde_json::{Value, json};

const START: i64 = 1_767_225_600;

fn started() -> (Server, Client) {
    let mut world = World::new(DAHLIA);
    for number in 0..40 {
        let object = json!({ "id": format!("cus_{number:03}"), "created": START + number });
        world.insert("customers", object);
    }
    let server = Server::start(Settings::new(world)).unwrap();
    let client = Client::new(&server, "rk_live_standin");
    (server, client)
}

fn once(fault: Fault) -> Rule {
    Rule::on("/v1/customers", fault).times(1)
}

#[test]
fn errors_of_stripe_have_their_headers() {
    let (server, client) = started();
    let limited = Fault::RateLimited { reason: Some("endpoint-rate"), retry_after: Some(2) };
    server.faults().add(once(limited));
    let raw = client.raw("/v1/customers").unwrap();
    assert_eq!(raw.status, 429);
    assert_eq!(raw.header("stripe-rate-limited-reason"), Some("endpoint-rate"));
    assert_eq!(raw.header("retry-after"), Some("2"));
    let body: Value = serde_json::from_slice(&raw.body).unwrap();
    assert_eq!(body["error"]["code"], "rate_limit");
    assert_eq!(body["error"]["type"], "invalid_request_error");

    server.faults().add(once(Fault::RateLimited { reason: None, retry_after: None }));
    let raw = client.raw("/v1/customers").unwrap();
    assert_eq!((raw.header("stripe-rate-limited-reason"), raw.header("retry-after")), (None, None));

    server.faults().add(once(Fault::LockTimeout));
    let (status, body) = client.ask("/v1/customers");
    assert_eq!((status, &body["error"]["code"]), (429, &json!("lock_timeout")));

    server.faults().add(once(Fault::Status { status: 503, should_retry: Some(false) }));
    let raw = client.raw("/v1/customers").unwrap();
    assert_eq!((raw.status, raw.header("stripe-should-retry")), (503, Some("false")));

    let raw = client.raw("/v1/customers").unwrap();
    assert_eq!(raw.status, 200);
    assert_eq!(raw.header("stripe-version"), Some(DAHLIA));
    assert_eq!(raw.header("date"), Some("Thu, 01 Jan 2026 00:00:39 GMT"));
    assert!(raw.header("request-id").unwrap().starts_with("req_"));
    let faults: Vec<_> = server.requests().iter().map(|seen| seen.fault).collect();
    let limited = Some("rate_limited");
    assert_eq!(faults, [limited, limited, Some("lock_timeout"), Some("status"), None]);
}

#[test]
fn connections_break() {
    let (server, client) = started();
    server.faults().add(once(Fault::Reset));
    let error = client.raw("/v1/customers").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(server.requests()[0].status, 0);

    server.faults().add(once(Fault::Cut));
    let raw = client.raw("/v1/customers").unwrap();
    let announced: usize = raw.header("content-length").unwrap().parse().unwrap();
    assert!(raw.body.len() < announced, "{} of {announced}", raw.body.len());
    assert!(!raw.body.is_empty());

    server.faults().add(once(Fault::BadJson));
    let raw = client.raw("/v1/customers").unwrap();
    let announced: usize = raw.header("content-length").unwrap().parse().unwrap();
    assert_eq!((raw.status, raw.body.len()), (200, announced));
    assert!(serde_json::from_slice::<Value>(&raw.body).is_err());

    server.faults().add(once(Fault::ProxyPage { status: 200 }));
    let raw = client.raw("/v1/customers").unwrap();
    assert_eq!(raw.header("content-type"), Some("text/html"));
    assert!(raw.body.starts_with(b"<!DOCTYPE html>"));

    server.faults().add(once(Fault::Slow(Duration::from_millis(80))));
    let asked = Instant::now();
    assert_eq!(ids(&client.get("/v1/customers")).len(), 10);
    assert!(asked.elapsed() >= Duration::from_millis(80));
}

#[test]
fn disturbed_pages_lose_nothing() {
    let (server, client) = started();
    for fault in [Fault::Duplicate, Fault::Reorder, Fault::Overlap(3)] {
        server.faults().clear();
        server.faults().add(Rule::on("/v1/customers", fault.clone()));
        server.forget_requests();
        let mut seen = vec![];
        let mut cursor = String::new();
        loop {
            let page = client.get(&format!("/v1/customers?limit=10{cursor}"));
            let found = ids(&page);
            cursor = format!("&starting_after={}", found[found.len() - 1]);
            seen.extend(found.into_iter().map(str::to_owned));
            if page["has_more"] == false {
                break;
            }
        }
        let different: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(different.len(), 40, "{fault:?}");
        if fault != Fault::Reorder {
            assert!(seen.len() > 40, "{fault:?}");
        }
        if fault == Fault::Overlap(3) {
            assert_eq!(seen[7..10], seen[10..13]);
        }
    }
}

#[test]
fn chance_depends_on_the_seed_only() {
    let faults = |seed| {
        let mut world = World::new(DAHLIA);
        world.insert("customers", json!({ "created": START }));
        let server = Server::start(Settings::new(world).seed(seed)).unwrap();
        server.faults().storm(0.5);
        let client = Client::new(&server, "rk_live_standin");
        (0..60).for_each(|_| drop(client.raw("/v1/customers")));
        server.requests().iter().map(|seen| seen.fault).collect::<Vec<_>>()
    };
    assert_eq!(faults(1), faults(1));
    assert_ne!(faults(1), faults(2));
    let met = faults(1).iter().flatten().count();
    assert!((15..=45).contains(&met), "{met} of 60");
}

#[test]
fn limits_are_enforced() {
    let (server, client) = started();
    let limits = Limits { global: Some(100.0), endpoint: Some(5.0), concurrent: None };
    server.set_limits(limits);
    let answers: Vec<_> = (0..8).map(|_| client.raw("/v1/customers").unwrap()).collect();
    let refused: Vec<_> = answers.iter().filter(|raw| raw.status == 429).collect();
    assert!((1..=3).contains(&refused.len()), "{}", refused.len());
    assert_eq!(refused[0].header("stripe-rate-limited-reason"), Some("endpoint-rate"));
    assert_eq!(client.raw("/v1/charges").unwrap().status, 200);
    std::thread::sleep(Duration::from_millis(450));
    assert_eq!(client.raw("/v1/customers").unwrap().status, 200);
}
