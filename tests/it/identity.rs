//! Links of product events to accounts: the scenarios worked by hand, and what later or
//! differently ordered data must not change.

use serde_json::{Value, json};

use crate::company::{Company, Database};
use crate::stripe::{customer, list};

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/match_vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A project in which the vectors' own mail providers and account ids count.
fn company(free_mail: &Value) -> Company {
    Company::new(&format!(
        "[identity]\nfree_mail_domains = {free_mail}\naccount_metadata_keys = [\"account_id\"]\n\
         [backtest]\nas_of = 1000\n"
    ))
}

/// A Stripe list of a scenario's customers.
fn customers(scenario: &Value) -> Vec<Value> {
    let customers = scenario["customers"].as_array().unwrap().iter();
    let made = customers.map(|it| {
        let (id, created) = (it["id"].as_str().unwrap(), it["created"].as_i64().unwrap());
        customer(id, created, it["email"].as_str(), json!({ "metadata": it["metadata"] }))
    });
    made.collect()
}

/// A PostHog export of a scenario's events; the name of an event is its place.
fn events(scenario: &Value) -> Vec<Value> {
    let events = scenario["events"].as_array().unwrap().iter().enumerate();
    let made = events.map(|(place, it)| {
        let moment = chrono::DateTime::from_timestamp(it["t"].as_i64().unwrap(), 0).unwrap();
        let groups = match &it["group"] {
            Value::Null => json!({}),
            group => json!({ "$groups": { "company": group } }),
        };
        json!({
            "uuid": format!("uuid-{place}"), "event": format!("{place:02}"),
            "distinct_id": format!("user-{place}"), "timestamp": moment.to_rfc3339(),
            "properties": groups, "person_properties": { "email": it["email"] },
        })
    });
    made.collect()
}

fn lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}

/// `account | tier | status` of every event, in order.
fn links(database: &Database) -> Vec<String> {
    database.rows(
        "select case when status = 'linked' then account_id end, \
         case when status = 'linked' then cast(tier as double) end, status \
         from product.event_links order by event",
    )
}

fn expected(scenario: &Value) -> Vec<String> {
    let links = scenario["expected"].as_array().unwrap().iter();
    let statuses = scenario["status"].as_array().unwrap();
    links
        .zip(statuses)
        .map(|(link, status)| {
            let status = status.as_str().unwrap();
            match link {
                Value::Null => format!("NULL | NULL | {status}"),
                link => {
                    let (account, tier) = (link[0].as_str().unwrap(), link[1].as_f64().unwrap());
                    format!("{account} | {tier:?} | {status}")
                }
            }
        })
        .collect()
}

#[test]
fn every_scenario_links_as_worked_by_hand() {
    let vectors = vectors();
    let scenarios = vectors["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 17);
    let mut wrong = vec![];
    for scenario in scenarios {
        let company = company(&vectors["free_mail"]);
        company.land_text("customers.json", list(&customers(scenario)));
        company.land_text("events.ndjson", lines(&events(scenario)));
        let (got, expected) = (links(&company.open()), expected(scenario));
        if got != expected {
            wrong.push(format!("{}: {got:?}, expected {expected:?}", scenario["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two customers of one company, one of another, and events of all of them.
fn story() -> (Vec<Value>, Vec<Value>) {
    let scenario = json!({
        "customers": [
            { "id": "c1", "email": "a@acme.com", "created": 100, "metadata": {} },
            { "id": "c2", "email": "b@acme.com", "created": 150, "metadata": {} },
            { "id": "c3", "email": "m@solo.io", "created": 300, "metadata": { "account_id": "3" } },
        ],
        "events": [
            { "t": 120, "email": "z@acme.com", "group": null },
            { "t": 200, "email": "m@solo.io", "group": null },
            { "t": 350, "email": "m@solo.io", "group": null },
            { "t": 360, "email": "x@solo.io", "group": "3" },
            { "t": 400, "email": "nobody@else.org", "group": null },
        ],
    });
    (customers(&scenario), events(&scenario))
}

#[test]
fn order_and_pieces_of_the_input_do_not_matter() {
    let free_mail = &vectors()["free_mail"];
    let (customers, events) = story();
    let whole = company(free_mail);
    whole.land_text("customers.json", list(&customers));
    whole.land_text("events.ndjson", lines(&events));
    let pieces = company(free_mail);
    for (place, event) in events.iter().enumerate().rev() {
        pieces.land_text(&format!("events-{place}.json"), event.to_string());
    }
    for (place, customer) in customers.iter().enumerate().rev() {
        pieces.land_text(&format!("customer-{place}.json"), customer.to_string());
    }
    let linked = links(&whole.open());
    assert_eq!(
        linked,
        [
            "dom:acme.com | 0.7 | linked",
            "acc:3 | 0.95 | linked",
            "acc:3 | 0.95 | linked",
            "acc:3 | 1.0 | linked",
            "NULL | NULL | unlinked",
        ]
    );
    assert_eq!(links(&pieces.open()), linked);
}

#[test]
fn a_later_customer_changes_no_earlier_link() {
    let free_mail = &vectors()["free_mail"];
    let (customers, events) = story();
    let company = company(free_mail);
    company.land_text("customers.json", list(&customers));
    company.land_text("events.ndjson", lines(&events));
    let before = links(&company.open());
    // Another account with the address, the domain and the id of those that are there.
    let later = [
        customer("c8", 500, Some("m@solo.io"), json!({ "metadata": { "account_id": "8" } })),
        customer("c9", 500, Some("z@acme.com"), json!({ "metadata": { "account_id": "9" } })),
    ];
    company.land_text("later.json", list(&later));
    assert_eq!(links(&company.open()), before);
}

#[test]
fn an_event_is_known_from_the_day_its_customer_appears() {
    let free_mail = &vectors()["free_mail"];
    let (customers, events) = story();
    let company = company(free_mail);
    company.land_text("customers.json", list(&customers));
    company.land_text("events.ndjson", lines(&events));
    let database = company.open();
    let sql = "select event, account_id from product.account_events where account_id = 'acc:3'";
    assert_eq!(database.at("299").rows(sql), Vec::<String>::new());
    assert_eq!(database.at("300").rows(sql), ["01 | acc:3"]);
    let known = "select event, known_at from product.event_links where event = '01'";
    assert_eq!(database.at("1000").rows(known), ["01 | 1970-01-01T00:05:00Z"]);
}
