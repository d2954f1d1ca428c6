//! Lists, retrievals and refusals, as a client sees them.

mod client;

use client::{Client, ids};
use paydirt_stand_in::{ACACIA, DAHLIA, Key, Server, Settings, World};
use serde_json::json;

const START: i64 = 1_767_225_600;

fn customers(n: i64) -> World {
    let mut world = World::new(DAHLIA);
    for number in 0..n {
        let object = json!({ "id": format!("cus_{number:03}"), "created": START + number / 3 });
        world.insert("customers", object);
    }
    world
}

fn started(world: World) -> (Server, Client) {
    let server = Server::start(Settings::new(world)).unwrap();
    let client = Client::new(&server, "rk_live_standin");
    (server, client)
}

#[test]
fn pages_are_newest_first_and_end() {
    let (server, client) = started(customers(25));
    let first = client.get("/v1/customers");
    assert_eq!(first["object"], "list");
    assert_eq!(first["url"], "/v1/customers");
    assert_eq!(first["has_more"], true);
    assert_eq!(ids(&first).len(), 10);
    assert_eq!(ids(&first)[0], "cus_024");
    let all = client.all("/v1/customers?limit=7");
    let newest_first: Vec<String> = (0..25).rev().map(|n| format!("cus_{n:03}")).collect();
    assert_eq!(all, newest_first);
    assert_eq!(server.count("/v1/customers"), 5);
    assert_eq!(server.requests()[1].parameter("limit"), Some("7"));
}

#[test]
fn a_page_before_a_cursor_is_the_one_next_to_it() {
    let (_server, client) = started(customers(25));
    let page = client.get("/v1/customers?limit=3&ending_before=cus_010");
    assert_eq!(ids(&page), ["cus_013", "cus_012", "cus_011"]);
    assert_eq!(page["has_more"], true);
    let page = client.get("/v1/customers?limit=5&ending_before=cus_022");
    assert_eq!(ids(&page), ["cus_024", "cus_023"]);
    assert_eq!(page["has_more"], false);
}

#[test]
fn created_bounds_are_as_they_say() {
    let (_server, client) = started(customers(9));
    let between = |bounds: &str| {
        let mut ids = client.all(&format!("/v1/customers?limit=2&{bounds}"));
        ids.reverse();
        ids.join(" ")
    };
    let (one, two) = (START + 1, START + 2);
    let from = format!("created[gte]={one}&created[lt]={two}");
    assert_eq!(between(&from), "cus_003 cus_004 cus_005");
    assert_eq!(between(&format!("created[gt]={one}")), "cus_006 cus_007 cus_008");
    assert_eq!(between(&format!("created[lte]={START}")), "cus_000 cus_001 cus_002");
    assert_eq!(between(&format!("created={two}")), "cus_006 cus_007 cus_008");
    assert_eq!(between(&format!("created[gt]={two}")), "");
}

#[test]
fn undocumented_requests_are_refused() {
    let (_server, client) = started(customers(3));
    let refused = |path: &str| {
        let (status, body) = client.ask(path);
        let error = &body["error"];
        let code = error["code"].as_str().unwrap_or("-");
        format!("{status} {code} {}", error["message"].as_str().unwrap())
    };
    assert_eq!(
        refused("/v1/customers?status=all"),
        "400 parameter_unknown Received unknown parameter: status"
    );
    assert_eq!(
        refused("/v1/customers?created[before]=1"),
        "400 parameter_unknown Received unknown parameter: created[before]"
    );
    assert_eq!(
        refused("/v1/payment_methods?created[gte]=1"),
        "400 parameter_unknown Received unknown parameter: created"
    );
    assert_eq!(
        refused("/v1/subscription_items"),
        "400 parameter_missing Missing required param: subscription."
    );
    assert_eq!(
        refused("/v1/customers?limit=many"),
        "400 parameter_invalid_integer Invalid integer: many"
    );
    assert_eq!(
        refused("/v1/customers?expand[]=data.metadata"),
        "400 - This property cannot be expanded (data.metadata)."
    );
    assert_eq!(
        refused("/v1/customers?expand[]=subscriptions"),
        "400 - This property cannot be expanded (subscriptions). You may want to try expanding \
         'data.subscriptions' instead."
    );
    assert!(
        refused("/v1/subscriptions?expand[]=data.items.data.price.product")
            .starts_with("400 property_expansion_max_depth You cannot expand more than 4 levels")
    );
    assert!(refused("/v1/subscriptions?status=gone").starts_with("400 - Invalid status"));
    assert!(refused("/v1/customers/cus_404").ends_with("No such customer: 'cus_404'"));
    assert!(
        refused("/v1/nothing").starts_with("404 - Unrecognized request URL (GET: /v1/nothing)")
    );
    assert!(refused("/v1/customers/search?query=a").starts_with("501"));
    assert_eq!(
        refused("/v1/customers?starting_after=cus_404"),
        "400 resource_missing No such customer: 'cus_404'"
    );
}

#[test]
fn what_lists_hide() {
    let mut world = World::new(DAHLIA);
    world.insert_sample(4, START);
    let subscription = world.ids("subscriptions")[1].clone();
    world.cancel(&subscription, START + 9);
    world.insert("customers", json!({ "created": START, "test_clock": "clock_1" }));
    let price = json!({ "active": true, "created": START, "currency": "usd", "product": "prod_1" });
    let inline = world.insert_unlisted("prices", price);
    let (server, client) = started(world);
    assert_eq!(client.all("/v1/subscriptions").len(), 3);
    assert_eq!(client.all("/v1/subscriptions?status=all").len(), 4);
    assert_eq!(client.all("/v1/subscriptions?status=canceled"), [subscription.clone()]);
    assert_eq!(client.all("/v1/subscriptions?status=ended"), [subscription]);
    assert_eq!(client.all("/v1/prices").len(), 2);
    assert_eq!(client.all("/v1/prices?active=false").len(), 1);
    assert_eq!(client.get(&format!("/v1/prices/{inline}"))["id"], inline);
    assert_eq!(client.all("/v1/customers").len(), 4);
    assert_eq!(client.all("/v1/customers?test_clock=clock_1").len(), 1);
    // Tax ids of customers are not the account's own.
    assert_eq!(client.all("/v1/tax_ids").len(), 0);
    let customer = server.world().ids("customers")[0].clone();
    assert_eq!(client.all(&format!("/v1/customers/{customer}/tax_ids")).len(), 1);
    let owner = format!("owner[type]=customer&owner[customer]={customer}");
    assert_eq!(client.all(&format!("/v1/tax_ids?{owner}")).len(), 1);
}

#[test]
fn inline_lists_are_cut_and_can_be_paged() {
    for version in [DAHLIA, ACACIA] {
        let mut world = World::new(version);
        world.insert_sample(2, START);
        let first = |resource: &str| world.ids(resource)[0].clone();
        let (subscription, invoice) = (first("subscriptions"), first("invoices"));
        let charge = first("charges");
        let (_server, client) = started(world);
        let items = &client.get(&format!("/v1/subscriptions/{subscription}"))["items"];
        assert_eq!((ids(items).len(), &items["has_more"]), (10, &json!(true)));
        let all = client.all(&format!("/v1/subscription_items?subscription={subscription}"));
        assert_eq!(all.len(), 12);
        assert_eq!(client.get(&format!("/v1/subscription_items/{}", all[11]))["id"], all[11]);
        let lines = &client.get(&format!("/v1/invoices/{invoice}"))["lines"];
        assert_eq!((ids(lines).len(), &lines["has_more"]), (10, &json!(true)));
        assert_eq!(lines["url"], format!("/v1/invoices/{invoice}/lines"));
        assert_eq!(client.all(&format!("/v1/invoices/{invoice}/lines?limit=10")).len(), 25);
        let path = format!("/v1/charges/{charge}");
        assert!(client.get(&path).get("refunds").is_none());
        let refunds = &client.get(&format!("{path}?expand[]=refunds"))["refunds"];
        assert_eq!((ids(refunds).len(), &refunds["has_more"]), (10, &json!(true)));
        assert_eq!(client.all(&format!("{path}/refunds")).len(), 12);
        assert_eq!(client.all(&format!("/v1/refunds?charge={charge}")).len(), 12);
    }
}

#[test]
fn expansions_show_what_they_name() {
    let mut world = World::new(DAHLIA);
    world.insert_sample(3, START);
    let (_server, client) = started(world);
    let plain = client.get("/v1/subscriptions?limit=1");
    assert!(plain["data"][0]["discounts"][0].is_string());
    let path = "/v1/subscriptions?limit=1&expand[]=data.discounts&expand[]=data.customer.tax_ids";
    let page = client.get(path);
    assert_eq!(page["data"][0]["discounts"][0]["object"], "discount");
    assert_eq!(page["data"][0]["customer"]["tax_ids"]["data"].as_array().unwrap().len(), 1);
    let page = client.get("/v1/subscriptions?limit=1&expand[]=data.discounts.source.coupon");
    assert_eq!(page["data"][0]["discounts"][0]["source"]["coupon"]["object"], "coupon");
    let prices = client.get("/v1/prices?expand[]=data.tiers&expand[]=data.product");
    let tiered =
        prices["data"].as_array().unwrap().iter().find(|p| p["billing_scheme"] == "tiered");
    assert_eq!(tiered.unwrap()["tiers"].as_array().unwrap().len(), 2);
    assert_eq!(tiered.unwrap()["product"]["name"], "Team");
    assert!(client.get("/v1/prices")["data"][0].get("tiers").is_none());
    let invoices = client.get("/v1/invoices?expand[]=data.payments");
    assert_eq!(invoices["data"][0]["payments"]["data"][0]["object"], "invoice_payment");
    let items = client.get("/v1/subscriptions?limit=1&expand[]=data.items.data.discounts");
    assert_eq!(items["data"][0]["items"]["data"][0]["object"], "subscription_item");
}

#[test]
fn keys_open_what_they_may() {
    let settings = Settings::new(customers(2))
        .key(Key::new("rk_live_partial").without(&["charges", "account"]))
        .key(Key::new("rk_live_short").expires_after(2))
        .key(Key::new("rk_test_other"))
        .key(Key::new("rk_live_plain").without_connect())
        .world(World::new(DAHLIA).account("acct_connected"));
    let server = Server::start(settings).unwrap();
    let asked = |key: &str, path: &str| {
        let (status, body) = Client::new(&server, key).ask(path);
        let error = &body["error"];
        let message = error["message"].as_str().unwrap_or_default();
        format!("{status} {} {message}", error["code"].as_str().unwrap_or("-"))
    };
    assert_eq!(asked("rk_live_partial", "/v1/customers"), "200 - ");
    assert_eq!(
        asked("rk_live_partial", "/v1/charges"),
        "403 - The provided key 'rk_live_***tial' does not have the required permissions for this \
         endpoint on account 'acct_1StandIn'. Having the 'rak_charge_read' permission would allow \
         this request to continue."
    );
    assert!(asked("rk_live_partial", "/v1/account").contains("'rak_accounts_kyc_basic_read'"));
    assert_eq!(asked("rk_live_short", "/v1/customers"), "200 - ");
    assert_eq!(asked("rk_live_short", "/v1/customers"), "200 - ");
    let expired = "401 api_key_expired Expired API Key provided: rk_live_*hort";
    assert_eq!(asked("rk_live_short", "/v1/customers"), expired);
    assert!(asked("rk_live_wrong", "/v1/customers").starts_with("401 - Invalid API Key provided"));
    let other = asked("rk_test_other", "/v1/customers/cus_001");
    assert!(other.ends_with("a test mode key was used to make this request."), "{other}");
    assert!(other.contains("'cus_001'; a similar object exists in live mode"), "{other}");

    let connected = |key: &str, account: &str| {
        let mut client = Client::new(&server, key);
        client.account = Some(account.into());
        let (status, body) = client.ask("/v1/customers");
        format!("{status} {}", body["error"]["code"].as_str().unwrap_or("-"))
    };
    assert_eq!(connected("rk_live_partial", "acct_connected"), "200 -");
    assert_eq!(connected("rk_live_partial", "acct_unknown"), "403 account_invalid");
    assert_eq!(connected("rk_live_plain", "acct_connected"), "403 -");
}
