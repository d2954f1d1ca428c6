//! What was billed, in which order things happened, and what a part of a list tells.

use serde_json::{Value, json};

use super::{input, land};
use crate::command::paydirt;
use crate::company::Company;
use crate::stripe::{charge, customer, event, invoice, line, list, subscription, with};

const DAY: i64 = 86_400;
const MARCH: i64 = 1_740_787_200;

/// The objects of a file with an object a line.
fn objects(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(input(path)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same invoices and subscriptions as they were told before 2025-03-31: a line carries its price
/// whole, as the catalogue has it.
fn older(objects: &[Value]) -> Vec<Value> {
    let price = |id: &Value| {
        let found =
            objects.iter().find(|object| object["object"] == "price" && object["id"] == *id);
        found.cloned().unwrap_or_else(|| id.clone())
    };
    let mut objects = objects.to_vec();
    let prices: Vec<Value> = objects
        .iter()
        .flat_map(|object| object["lines"]["data"].as_array().cloned().unwrap_or_default())
        .map(|line| price(&line["pricing"]["price_details"]["price"]))
        .collect();
    let mut prices = prices.into_iter();
    for object in &mut objects {
        if let Some(subscription) = object.pointer("/parent/subscription_details/subscription") {
            object["subscription"] = subscription.clone();
        }
        object.as_object_mut().unwrap().remove("parent");
        let lines = object.pointer_mut("/lines/data").and_then(Value::as_array_mut);
        for line in lines.into_iter().flatten() {
            let details = line["parent"]["subscription_item_details"].take();
            let price = prices.next().unwrap();
            if details.is_object() {
                line["type"] = "subscription".into();
                line["subscription"] = details["subscription"].clone();
                line["subscription_item"] = details["subscription_item"].clone();
                line["proration"] = details["proration"].clone();
                line["price"] = price;
            }
            let line = line.as_object_mut().unwrap();
            line.remove("parent");
            line.remove("pricing");
        }
    }
    objects
}

fn land_objects(company: &Company, name: &str, objects: &[Value]) {
    let path = company.write(name, list(objects));
    let outcome = company.land(&[path]).remove(0);
    assert_eq!(outcome.report.problems, []);
}

fn payments(company: &Company, columns: &str) -> Vec<String> {
    company.open().rows(&format!("select {columns} from outcomes.payments order by 1"))
}

/// A price of a product, with the terms of `rest`.
fn price(id: &str, rest: Value) -> Value {
    with(
        json!({
            "id": id, "object": "price", "created": MARCH - 300 * DAY, "currency": "usd",
            "product": "prod_a", "active": true, "type": "recurring", "billing_scheme": "per_unit",
            "unit_amount": 3000, "unit_amount_decimal": "3000", "livemode": true,
            "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed" },
        }),
        rest,
    )
}

/// A customer, its subscription at a price, and the paid invoice of that line.
fn billed(line: Value) -> Vec<Value> {
    vec![
        price("price_a", json!({})),
        customer("cus_1", MARCH, Some("a@billed.example.com"), json!({})),
        subscription("sub_1", "cus_1", MARCH, json!({})),
        invoice("in_1", "cus_1", "sub_1", MARCH, &[line], json!({})),
    ]
}

#[test]
fn case_01_what_was_billed_in_another_currency() {
    let newer = objects("01-currency-options/stripe.ndjson");
    for objects in [newer.clone(), older(&newer)] {
        let company = Company::new("");
        land_objects(&company, "stripe.json", &objects);
        assert_eq!(
            payments(&company, "currency, cash_minor, mrr_list_minor, mrr_net_minor"),
            [
                "eur | 5400 | 5400.0 | 5400.0",
                "jpy | 8000 | 8000.0 | 8000.0",
                "usd | 6000 | 6000.0 | 6000.0"
            ]
        );
    }
}

#[test]
fn case_01_tiers_of_another_currency() {
    let tiers = |flat: i64| json!([{ "up_to": null, "unit_amount": flat, "unit_amount_decimal": flat.to_string() }]);
    let tiered = |rest: Value| {
        price(
            "price_t",
            with(
                json!({ "billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers(100),
                "unit_amount": null, "unit_amount_decimal": null }),
                rest,
            ),
        )
    };
    let options = json!({ "currency_options": { "eur": { "tiers": tiers(90) } } });
    let whole = json!({ "amount": 900, "quantity": 10, "unit_amount_decimal": null });
    let proration =
        json!({ "amount": 450, "quantity": 10, "unit_amount_decimal": null, "proration": true });
    for (price, billed, mrr) in [
        (tiered(json!({})), &whole, "NULL"),
        (tiered(json!({})), &proration, "NULL"),
        (tiered(options.clone()), &whole, "900.0"),
        (tiered(options), &proration, "900.0"),
    ] {
        let company = Company::new("");
        let line =
            line("sub_1", "price_t", MARCH, with(billed.clone(), json!({ "currency": "eur" })));
        land_objects(
            &company,
            "stripe.json",
            &[
                price,
                customer("cus_1", MARCH, Some("a@tiers.example.com"), json!({})),
                subscription("sub_1", "cus_1", MARCH, json!({ "currency": "eur" })),
                invoice("in_1", "cus_1", "sub_1", MARCH, &[line], json!({ "currency": "eur" })),
            ],
        );
        assert_eq!(payments(&company, "mrr_list_minor"), [mrr], "{billed}");
    }
}

#[test]
fn case_02_a_coupon_id_that_was_given_again() {
    for with_events in [false, true] {
        let company = Company::new("");
        land(&company, &["02-coupon-id-again/lists.ndjson"]);
        if with_events {
            land(&company, &["02-coupon-id-again/coupon-events.ndjson"]);
        }
        for as_of in ["2025-02-01", "2025-02-22", "2025-04-01"] {
            let net = company.open_as_of(as_of).rows(
                "select invoice_id, cash_minor, mrr_net_minor from outcomes.payments order by 1",
            );
            // That a discount lasts is known from a coupon of its id only, also from a later one.
            let is_known = with_events || as_of > "2025-02-21";
            let first = if is_known { "in_CP0 | 8000 | 8000.0" } else { "in_CP0 | 8000 | NULL" };
            assert_eq!(net[0], first, "{as_of}");
            if as_of > "2025-03" {
                assert_eq!(net[1], "in_CP1 | 5000 | 5000.0");
            }
        }
        let coupons = "select id, is_deleted from stripe_version.coupons";
        assert_eq!(company.open().rows(coupons), ["LAUNCH | false"]);
    }
    let company = Company::new("");
    land(&company, &["02-coupon-id-again/lists.ndjson", "02-coupon-id-again/coupon-events.ndjson"]);
    let state = "select is_deleted, percent_off from stripe_version.coupons";
    for (as_of, then) in [
        ("2025-02-01", "false | 20"),
        ("2025-02-20T12:00:00Z", "true | 20"),
        ("2025-04-01", "false | 50"),
    ] {
        assert_eq!(company.open_as_of(as_of).rows(state), [then], "{as_of}");
    }
}

#[test]
fn case_02_a_discount_that_nobody_knows_makes_net_unknown() {
    let company = Company::new("");
    let discounted = json!({ "discount_amounts": [{ "amount": 1000, "discount": "di_gone" }] });
    land_objects(&company, "stripe.json", &billed(line("sub_1", "price_a", MARCH, discounted)));
    assert_eq!(payments(&company, "mrr_list_minor, mrr_net_minor"), ["3000.0 | NULL"]);
}

#[test]
fn case_02_a_plan_id_that_was_given_again() {
    let company = Company::new("");
    land(&company, &["02-coupon-id-again/plan-id-again.ndjson"]);
    assert_eq!(
        payments(&company, "invoice_id, cash_minor, mrr_list_minor"),
        ["in_GO0 | 1000 | 1000.0", "in_GO1 | 2000 | 2000.0"]
    );
    // By the year now: the invoice of before is still a monthly one, in the newer shape, too.
    let company = Company::new("");
    let first = price("gold", json!({ "unit_amount": 1000, "unit_amount_decimal": "1000" }));
    let again = price(
        "gold",
        json!({
            "created": MARCH + DAY, "unit_amount": 12000, "unit_amount_decimal": "12000",
            "recurring": { "interval": "year", "interval_count": 1, "usage_type": "licensed" },
        }),
    );
    let items = json!({ "items": { "object": "list", "has_more": false, "data": [{
        "id": "si_1", "object": "subscription_item", "created": MARCH, "quantity": 1, "price": first,
    }] } });
    let of = |id: &str, at: i64, amount: i64| {
        let amounts = json!({ "amount": amount, "unit_amount_decimal": amount.to_string() });
        invoice(id, "cus_1", "sub_1", at, &[line("sub_1", "gold", at, amounts)], json!({}))
    };
    land_objects(
        &company,
        "stripe.json",
        &[
            again,
            customer("cus_1", MARCH, Some("a@again.example.com"), json!({})),
            subscription("sub_1", "cus_1", MARCH, items),
            of("in_1", MARCH, 1000),
            // The subscription stays on the plan that was deleted.
            of("in_2", MARCH + 30 * DAY, 1000),
            of("in_3", MARCH + 31 * DAY, 12000),
        ],
    );
    assert_eq!(
        payments(&company, "invoice_id, mrr_list_minor"),
        ["in_1 | 1000.0", "in_2 | 1000.0", "in_3 | 1000.0"]
    );
}

#[test]
fn case_10_events_of_one_second() {
    let shown = "select subscription_id, ends_at = started_at + interval '30 days', product_id \
                 from models.trials order by 1";
    let events = objects("10-events-of-one-second/events.ndjson");
    let company = Company::new("");
    land(
        &company,
        &["10-events-of-one-second/lists.ndjson", "10-events-of-one-second/events.ndjson"],
    );
    let right: Vec<String> = (0..8).map(|n| format!("sub_S{n} | true | prod_t")).collect();
    assert_eq!(company.open().rows(shown), right);
    // In whatever order they come.
    for step in [7, 11, 18] {
        let company = Company::new("");
        land(&company, &["10-events-of-one-second/lists.ndjson"]);
        let shuffled: Vec<&Value> =
            (0..events.len()).map(|n| &events[n * step % events.len()]).collect();
        for (n, some) in shuffled.chunks(9).enumerate() {
            let text: String = some.iter().map(|event| format!("{event}\n")).collect();
            company.land(&[company.write(&format!("events-{n}.ndjson"), text)]);
        }
        assert_eq!(company.open().rows(shown), right, "{step}");
    }
}

#[test]
fn case_10_updates_of_one_second_follow_from_what_was_before() {
    let state = |quantity: i64, status: &str| {
        subscription(
            "sub_1",
            "cus_1",
            MARCH,
            json!({
                "status": status, "metadata": { "seats": quantity.to_string() },
            }),
        )
    };
    let told = |id: &str, name: &str, state: Value, previous: Value| {
        event(id, &format!("customer.subscription.{name}"), MARCH + DAY, state, previous)
    };
    let events = [
        event("evt_0", "customer.subscription.created", MARCH, state(1, "active"), Value::Null),
        told("evt_1", "updated", state(2, "active"), json!({ "metadata": { "seats": "1" } })),
        told("evt_2", "updated", state(3, "active"), json!({ "metadata": { "seats": "2" } })),
        told("evt_3", "updated", state(1, "active"), json!({ "metadata": { "seats": "3" } })),
        told("evt_4", "updated", state(5, "active"), json!({ "metadata": { "seats": "1" } })),
        told("evt_5", "paused", state(5, "paused"), Value::Null),
    ];
    for step in [1, 5, 7, 11] {
        let company = Company::new("");
        for n in 0..events.len() {
            let event = &events[n * step % events.len()];
            land_objects(&company, &format!("event-{n}.json"), std::slice::from_ref(event));
        }
        let last = "select metadata, status from stripe_version.subscriptions";
        assert_eq!(
            company.open_as_of("2025-03-03").rows(last),
            [r#"{"seats":"5"} | paused"#],
            "{step}"
        );
    }
}

#[test]
fn case_11_a_part_of_the_lines_is_not_the_invoice() {
    let company = Company::new("");
    let outcome = land(&company, &["11-more-than-ten-lines/stripe.ndjson"]).remove(0);
    let unread: Vec<&str> = outcome.report.diagnostics.iter().map(|d| d.field.as_str()).collect();
    assert_eq!(unread, ["lines"], "{:?}", outcome.report.diagnostics);
    let columns = "cash_minor, mrr_list_minor";
    assert_eq!(payments(&company, columns), ["12000 | NULL"]);
    let items = "select count(*), count(price_id) from stripe.subscription_items";
    assert_eq!(company.open().rows(items), ["1 | 0"]);
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(status.contains("1 invoice shows a part of the lines only"), "{status}");
    land(&company, &["11-more-than-ten-lines/rest-of-lines.json"]);
    assert_eq!(payments(&company, columns), ["12000 | 12000.0"]);
    assert_eq!(company.open().rows(items), ["12 | 12"]);
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(!status.contains("lines only"), "{status}");
}

#[test]
fn case_11_refunds_that_a_charge_does_not_show_came_before_those_that_it_shows() {
    for (has_more, reversed) in [(true, "2025-03-11T00:00:00Z"), (false, "NULL")] {
        let company = Company::new("");
        let refund = json!({ "id": "re_9", "object": "refund", "amount": 500, "charge": "ch_1",
            "created": MARCH + 10 * DAY, "currency": "usd", "status": "succeeded" });
        let charge = charge(
            "ch_1",
            "in_1",
            3000,
            MARCH,
            json!({ "amount_refunded": 3000, "refunded": true,
                "refunds": { "object": "list", "has_more": has_more, "data": [refund] } }),
        );
        let objects = [&billed(line("sub_1", "price_a", MARCH, json!({})))[..], &[charge]].concat();
        land_objects(&company, "stripe.json", &objects);
        let reversed_at = "select reversed_at from outcomes.payments";
        assert_eq!(company.open_as_of("2025-04-01").rows(reversed_at), [reversed], "{has_more}");
    }
}

#[test]
fn case_16_a_list_is_evidence_for_its_day() {
    let company = Company::new("");
    for (n, status) in ["past_due", "unpaid", "paused", "active"].into_iter().enumerate() {
        let objects = [
            customer(&format!("cus_{n}"), MARCH, None, json!({})),
            subscription(
                &format!("sub_{n}"),
                &format!("cus_{n}"),
                MARCH,
                json!({ "status": status }),
            ),
        ];
        land_objects(&company, &format!("{n}.json"), &objects);
    }
    let status = "select status from stripe.subscriptions order by subscription_id";
    assert_eq!(company.open().rows(status), ["past_due", "unpaid", "paused", "active"]);
}

#[test]
fn case_22_a_deletion_without_a_time_counts_like_absence() {
    let company = Company::new("");
    land_objects(
        &company,
        "stripe.json",
        &[
            json!({ "id": "cus_1", "object": "customer", "deleted": true }),
            subscription("sub_0", "cus_0", MARCH, json!({})),
            subscription("sub_1", "cus_1", MARCH, json!({})),
        ],
    );
    for as_of in ["2025-03-01", "2025-06-01"] {
        let deleted = "select customer_id, is_deleted from stripe.customers order by 1";
        assert_eq!(company.open_as_of(as_of).rows(deleted), ["cus_0 | true", "cus_1 | true"]);
    }
}

#[test]
fn case_27_a_second_payment_that_went_back() {
    let newer = objects("27-paid-twice-one-refunded/stripe.ndjson");
    for objects in [newer.clone(), without_overpaid(&newer)] {
        let company = Company::new("");
        land_objects(&company, "stripe.json", &objects);
        assert_eq!(
            payments(&company, "account_id, cash_minor, reversed_at"),
            ["dom:paid-in-two-parts.com | 5000 | NULL", "dom:paid-twice.com | 5000 | NULL"]
        );
    }
}

/// The same where the invoice does not say that it was overpaid.
fn without_overpaid(objects: &[Value]) -> Vec<Value> {
    let mut objects = objects.to_vec();
    for object in &mut objects {
        object.as_object_mut().unwrap().remove("amount_overpaid");
    }
    objects
}
