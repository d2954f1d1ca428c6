//! Nothing is visible before its time: the landed sample, and small histories written by hand.

use serde_json::json;

use crate::company::{Company, landed_sample};
use crate::stripe::{customer, event, list, subscription};

#[test]
fn what_came_later_is_not_there_yet() {
    let database = landed_sample().open();
    database.at("2025-09-20");
    for (sql, expected) in [
        ("select count(*) from stripe.customers", "6"),
        ("select count(*) from stripe.invoices", "7"),
        ("select max(created_at) from stripe.invoices", "2025-09-15T12:00:00Z"),
        ("select count(*) from stripe.charges", "1"),
        ("select count(*) from stripe.refunds", "0"),
        ("select count(*) from stripe.subscriptions", "6"),
        ("select max(occurred_at) <= as_of() from product.events", "true"),
        ("select count(*) from stripe.events where created_at > as_of()", "0"),
        ("select count(*) from outcomes.payments", "1"),
    ] {
        assert_eq!(database.value(sql), expected, "{sql}");
    }
    database.set("paydirt.as_of", "default").unwrap();
    assert_eq!(database.value("select as_of()"), "2025-12-01T00:00:00Z");
    assert_eq!(database.value("select count(*) from stripe.invoices"), "26");
    assert_eq!(database.value("select count(*) from stripe.refunds"), "1");
}

#[test]
fn a_status_follows_from_the_times() {
    let database = landed_sample().open();
    let sql = "select replace(subscription_id, 'sub_HBD', ''), status from stripe.subscriptions \
               where subscription_id in ('sub_HBDD02', 'sub_HBDD05', 'sub_HBDD06') order by 1";
    for (moment, expected) in [
        ("2025-09-15T11:59:59Z", ["D02 | trialing", "D05 | trialing", ""]),
        ("2025-09-17T12:00:00Z", ["D02 | canceled", "D05 | trialing", "D06 | trialing"]),
        ("2025-09-27T12:00:29Z", ["D02 | canceled", "D05 | active", "D06 | trialing"]),
        // A trial that is over has a draft of its invoice until that is finalised an hour later.
        ("2025-09-29T12:00:00Z", ["D02 | canceled", "D05 | canceled", "D06 | active"]),
        ("2025-09-29T13:00:00Z", ["D02 | canceled", "D05 | canceled", "D06 | past_due"]),
        ("2025-10-04T12:59:59Z", ["D02 | canceled", "D05 | canceled", "D06 | past_due"]),
        ("2025-10-04T13:00:00Z", ["D02 | canceled", "D05 | canceled", "D06 | active"]),
    ] {
        let expected: Vec<&str> = expected.into_iter().filter(|row| !row.is_empty()).collect();
        assert_eq!(database.at(moment).rows(sql), expected, "{moment}");
    }
}

#[test]
fn later_ends_are_unknown_again() {
    let database = landed_sample().open();
    let sql = "select canceled_at, ended_at, cancel_at, is_cancel_at_period_end, cancellation_reason \
               from stripe.subscriptions where subscription_id = 'sub_HBDD02'";
    assert_eq!(
        database.at("2025-09-12T11:59:59Z").rows(sql),
        ["NULL | NULL | NULL | false | NULL"]
    );
    let asked = database.at("2025-09-12T12:00:00Z").rows(sql);
    assert!(asked[0].starts_with("2025-09-12T12:00:00Z | NULL | "), "{asked:?}");
    let ended = database.at("2025-09-17T12:00:00Z").rows(sql);
    assert!(ended[0].starts_with("2025-09-12T12:00:00Z | 2025-09-17T12:00:00Z | "), "{ended:?}");
}

#[test]
fn a_paid_invoice_is_open_again_and_a_refunded_charge_whole() {
    let database = landed_sample().open();
    let invoice = "select status, paid_at, amount_paid_minor, cash_minor from stripe.invoices \
                   where invoice_id = 'in_HBD00045'";
    for (moment, expected) in [
        ("2025-09-29T12:30:00Z", "draft | NULL | 0 | 0"),
        ("2025-09-29T13:00:00Z", "open | NULL | 0 | 0"),
        ("2025-10-04T12:59:59Z", "open | NULL | 0 | 0"),
        ("2025-10-04T13:00:00Z", "paid | 2025-10-04T13:00:00Z | 1900 | 1900"),
    ] {
        assert_eq!(database.at(moment).rows(invoice), [expected], "{moment}");
    }
    let charge = "select status, amount_refunded_minor, is_refunded, is_disputed \
                  from stripe.charges where charge_id = 'ch_HBD00038'";
    assert_eq!(database.at("2025-09-27T11:59:59Z").rows(charge), ["succeeded | 0 | false | false"]);
    assert_eq!(
        database.at("2025-09-27T12:00:00Z").rows(charge),
        ["succeeded | 1900 | true | false"]
    );
}

#[test]
fn a_subscription_has_the_items_of_its_day() {
    let database = landed_sample().open();
    let sql = "select distinct price_id, quantity from stripe.subscription_items \
               where subscription_id = 'sub_HBDD04'";
    let before = database.at("2025-09-20").rows(sql);
    let after = database.at("2025-12-01").rows(sql);
    assert_eq!(after, ["price_plus_y | 1"]);
    assert_eq!(before.len(), 1, "{before:?}");
    let unborn =
        "select count(*) from stripe.subscription_items where subscription_id = 'sub_HBDD07'";
    assert_eq!(database.at("2025-11-01").value(unborn), "0");
    assert_eq!(database.at("2025-11-11").value(unborn), "1");
}

#[test]
fn nonsense_is_refused_when_it_is_set() {
    let database = landed_sample().open();
    for (key, value, sentence) in [
        ("paydirt.as_of", "yesterday", "`yesterday` is not a time"),
        ("paydirt.as_of", "", "`` is not a time"),
        ("paydirt.as_of", "2025-13-01", "`2025-13-01` is not a time"),
        ("paydirt.mode", "prod", "paydirt.mode is `live` or `test`, not `prod`"),
        ("paydirt.min_confidence", "2", "`2` is not a number between 0 and 1"),
        ("paydirt.data_through", "2025-01-01", "paydirt.data_through follows from the data"),
        ("paydirt.asof", "2025-01-01", "no setting `paydirt.asof`"),
    ] {
        let error = database.set(key, value).unwrap_err();
        assert!(error.message().contains(sentence), "{key} = {value}: {error}");
    }
    assert_eq!(database.value("select as_of()"), "2025-12-01T00:00:00Z");
}

#[test]
fn a_view_follows_a_later_set() {
    let company = landed_sample().copy();
    let view =
        "-- How many invoices there are.\nselect count(*) as invoices from stripe.invoices\n";
    company.write("sql/models/counted.sql", view);
    let database = company.open();
    let sql = "select invoices from models.counted";
    assert_eq!(database.value(sql), "26");
    assert_eq!(database.at("2025-09-20").value(sql), "7");
    assert_eq!(database.at("2025-09-01").value(sql), "0");
    assert_eq!(database.at("default").value(sql), "26");
    // Two sessions of one engine do not move each other.
    let other = company.open();
    database.at("2025-09-20");
    assert_eq!(other.value(sql), "26");
}

/// Customer `cus_1`: made at 100 as `old@one.com`, at 500 an event changes it to `new@two.com`;
/// the list says what is true at the end.
fn moved_customer() -> Company {
    let now = customer("cus_1", 100, Some("new@two.com"), json!({ "name": "Two", "balance": 5 }));
    let changed = event(
        "evt_1",
        "customer.updated",
        500,
        customer("cus_1", 100, Some("new@two.com"), json!({ "name": "Two", "balance": 5 })),
        json!({ "email": "old@one.com", "name": "One" }),
    );
    let company = Company::new("[backtest]\nas_of = 1000\n");
    company.land_text("customers.json", list(&[now]));
    company.land_text("events.json", list(&[changed]));
    company
}

#[test]
fn a_changed_address_counts_from_its_change() {
    let company = moved_customer();
    let database = company.open();
    let sql = "select email from stripe.customers where customer_id = 'cus_1'";
    assert_eq!(database.at("99").rows(sql), Vec::<String>::new());
    assert_eq!(database.at("100").rows(sql), ["old@one.com"]);
    assert_eq!(database.at("499").rows(sql), ["old@one.com"]);
    assert_eq!(database.at("500").rows(sql), ["new@two.com"]);
    assert_eq!(database.at("1000").rows(sql), ["new@two.com"]);
    // The account is that of the earliest address at any time.
    for moment in ["100", "1000"] {
        let account = "select account_id from models.customer_accounts";
        assert_eq!(database.at(moment).rows(account), ["dom:one.com"], "{moment}");
    }
}

#[test]
fn what_has_no_time_of_its_own_is_null_in_the_past() {
    let company = moved_customer();
    let database = company.open();
    let sql = "select name, balance_minor from stripe.customers";
    assert_eq!(database.at("499").rows(sql), ["NULL | NULL"]);
    assert_eq!(database.at("1000").rows(sql), ["Two | 5"]);
}

#[test]
fn an_event_version_counts_on_its_day_and_the_list_in_the_end() {
    // The event shows a trial whose end was moved later; the list knows only what came of it.
    let trial = json!({ "trial_start": 100, "trial_end": 1000, "status": "trialing" });
    let first = subscription("sub_1", "cus_1", 100, trial);
    let ended = json!({
        "trial_start": 100, "trial_end": 2000, "ended_at": 3000, "canceled_at": 3000,
        "status": "canceled",
    });
    let company = Company::new("[backtest]\nas_of = 5000\n");
    let created = event("evt_1", "customer.subscription.created", 100, first, json!(null));
    company.land_text("events.json", list(&[created]));
    company.land_text("subscriptions.json", list(&[subscription("sub_1", "cus_1", 100, ended)]));
    let database = company.open();
    assert_eq!(database.value("select count(*) from stripe_log.subscriptions"), "2");
    let sql = "select status, trial_end_at, ended_at from stripe.subscriptions";
    assert_eq!(database.at("500").rows(sql), ["trialing | 1970-01-01T00:16:40Z | NULL"]);
    let end = "canceled | 1970-01-01T00:33:20Z | 1970-01-01T00:50:00Z";
    assert_eq!(database.at("5000").rows(sql), [end]);
}

#[test]
fn a_deleted_customer_is_deleted_from_its_day_on() {
    let gone = json!({ "id": "cus_1", "object": "customer", "deleted": true });
    let made = customer("cus_1", 100, Some("a@one.com"), json!({}));
    let company = Company::new("[backtest]\nas_of = 1000\n");
    company.land_text(
        "events.json",
        list(&[
            event("evt_1", "customer.created", 100, made, json!(null)),
            event("evt_2", "customer.deleted", 600, gone, json!(null)),
        ]),
    );
    let database = company.open();
    let sql = "select customer_id, email, is_deleted from stripe.customers";
    assert_eq!(database.at("599").rows(sql), ["cus_1 | a@one.com | false"]);
    assert_eq!(database.at("600").rows(sql), ["cus_1 | a@one.com | true"]);
    assert_eq!(database.value("select account_id from models.customer_accounts"), "dom:one.com");
}

#[test]
fn a_customer_that_is_not_listed_stands_on_its_subscriptions() {
    let company = Company::new("[backtest]\nas_of = 1000\n");
    company.land_text("s.json", list(&[subscription("sub_1", "cus_9", 300, json!({}))]));
    let database = company.open();
    let sql = "select customer_id, is_deleted from stripe.customers";
    assert_eq!(database.at("299").rows(sql), Vec::<String>::new());
    assert_eq!(database.at("300").rows(sql), ["cus_9 | true"]);
    assert_eq!(database.value("select account_id from models.customer_accounts"), "cus:cus_9");
}

#[test]
fn modes_never_mix() {
    let company = Company::new("[backtest]\nas_of = 1000\n");
    let trial = |livemode: bool| json!({ "trial_start": 200, "trial_end": 900, "status": "trialing", "livemode": livemode });
    company.land_text(
        "stripe.ndjson",
        [
            customer("cus_live", 100, Some("a@one.com"), json!({})),
            customer("cus_test", 100, Some("a@one.com"), json!({ "livemode": false })),
            subscription("sub_live", "cus_live", 200, trial(true)),
            subscription("sub_test", "cus_test", 200, trial(false)),
        ]
        .map(|object| object.to_string())
        .join("\n"),
    );
    let database = company.open();
    let customers = "select customer_id from stripe.customers";
    let subscriptions = "select subscription_id from stripe.subscriptions";
    let trials = "select subscription_id, is_test from models.trials order by 1";
    assert_eq!(database.rows(customers), ["cus_live"]);
    assert_eq!(database.rows(subscriptions), ["sub_live"]);
    assert_eq!(database.rows(trials), ["sub_live | false", "sub_test | true"]);
    database.set("paydirt.mode", "test").unwrap();
    assert_eq!(database.rows(customers), ["cus_test"]);
    assert_eq!(database.rows(subscriptions), ["sub_test"]);
    assert_eq!(database.rows(trials), ["sub_live | true", "sub_test | false"]);
}
