//! The first sync: everything there is, whole, with as few requests as it takes.

use paydirt_stand_in::{DAHLIA, Key, Server, Settings, World};
use serde_json::json;

use super::{KEY, START, assert_same, project, sample_world, serve, sync};
use crate::command::paydirt;

#[test]
fn the_whole_history_lands_once() {
    let mut world = sample_world(30);
    let canceled = world.ids("subscriptions")[3].clone();
    world.cancel(&canceled, START + 40 * 86_400);
    let server = serve(world);
    let company = project(&server, "");
    let text = sync(company.root()).printed();
    assert!(text.contains("landed ") && text.contains("requests: "), "{text}");
    assert!(server.requests().iter().all(|seen| seen.takes_gzip));
    assert_same(&server, &company);
    let database = company.open();
    database.at("2099-01-01");
    let status =
        format!("select status from stripe.subscriptions where subscription_id = '{canceled}'");
    assert_eq!(database.value(&status), "canceled");
    // Lists inside objects are whole.
    let most = |list: &str, of: &str| {
        database.value(&format!("select max(cardinality({list})) from stripe_log.{of}"))
    };
    assert_eq!(
        (most("lines", "invoices"), most("items", "subscriptions")),
        ("25".into(), "12".into())
    );
    assert_eq!(
        database.value("select count(*) from stripe_log.invoices where has_more_lines"),
        "0"
    );
    // What only expansions give.
    assert_ne!(
        database.value("select count(*) from stripe_log.prices where tiers is not null"),
        "0"
    );
    // No card leaves Stripe.
    let cards = "select count(*) from stripe_log.payment_methods where raw like '%card\":%'";
    assert_eq!(database.value(cards), "0");
    assert_eq!(
        database.value(
            "select count(distinct api_version) from stripe_log.customers where source = 'list'"
        ),
        "1"
    );
    let versions = database.value("select count(*) from stripe_log.customers");

    server.forget_requests();
    sync(company.root()).printed();
    assert!(server.requests().len() <= 6, "{:#?}", server.requests());
    assert_eq!(company.open().value("select count(*) from stripe_log.customers"), versions);
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(
        status.contains("complete_through") && status.contains("requests to Stripe"),
        "{status}"
    );
}

#[test]
fn many_objects_take_few_requests_whatever_their_times() {
    let mut world = World::new(DAHLIA);
    for number in 0..2_500 {
        // A thousand in one second, as an import makes them.
        let created = if number < 1_000 { START } else { START + number * 977 };
        world.insert("customers", json!({ "created": created }));
    }
    let server = serve(world);
    let company = project(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
    let requests = server.count("/v1/customers");
    // Pages that are cut in two on the way cost at most as much again.
    assert!((25..=58).contains(&requests), "{requests}");
}

#[test]
fn a_denied_resource_is_told_and_the_rest_lands() {
    let key = Key::new(KEY).without(&["charges"]);
    let server = Server::start(Settings::new(sample_world(3)).key(key)).unwrap();
    let company = project(&server, "");
    let said = sync(company.root());
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("rak_charge_read"), "{}", said.err);
    let database = company.open();
    assert_eq!(
        database
            .rows("select relation, outcome from system.syncs where outcome = 'denied' order by 1"),
        ["stripe_log.charges | denied"]
    );
    assert_eq!(database.value("select count(*) from stripe_log.customers"), "3");
    company.write(
        "paydirt.toml",
        format!("[source.stripe]\napi_base = \"{}\"\noptional = [\"charges\"]\n", server.url()),
    );
    sync(company.root()).printed();
}

#[test]
fn a_budget_is_kept() {
    let server = serve(sample_world(3));
    let company = project(&server, "request_budget = 9");
    let said = sync(company.root());
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("request budget") && said.err.contains("request_budget"),
        "{}",
        said.err
    );
    assert_eq!(server.requests().len(), 9);
    let again = sync(company.root());
    assert_eq!((again.code, server.requests().len()), (2, 9));
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(status.contains("requests to Stripe in the last 30 days: 9 of 9"), "{status}");
    let settings = std::fs::read_to_string(company.root().join("paydirt.toml")).unwrap();
    company.write("paydirt.toml", settings.replace("request_budget = 9", "request_budget = 500"));
    sync(company.root()).printed();
    assert_same(&server, &company);
}
