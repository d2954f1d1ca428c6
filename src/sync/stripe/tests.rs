//! Stripe objects of both API generations.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{SortOptions, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

mod paths;

use super::*;
use crate::sync::json::Json;

const LANDED_AT: i64 = 1_764_547_200_000_000;

fn land<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> (HashMap<&'static str, RecordBatch>, Vec<String>) {
    let mut batches = StripeBatches::new(LANDED_AT);
    for (i, text) in texts.into_iter().enumerate() {
        batches.push(&Json::parse(text).unwrap(), Some(i as u64 + 1)).unwrap();
    }
    let landed = batches.finish().unwrap();
    let faults = std::mem::take(&mut batches.diagnostics).finish().0;
    let faults = faults.iter().map(|d| format!("{} {}: {}", d.id, d.field, d.reason)).collect();
    (landed.into_iter().map(|l| (l.table, l.batch)).collect(), faults)
}

fn one(text: &str) -> (HashMap<&'static str, RecordBatch>, Vec<String>) {
    land([text])
}

fn strings<'a>(batch: &'a RecordBatch, column: &str) -> Vec<Option<&'a str>> {
    batch.column_by_name(column).unwrap().as_string::<i32>().iter().collect()
}

fn times(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    let column = batch.column_by_name(column).unwrap();
    let micros = column.as_primitive::<TimestampMicrosecondType>().iter();
    micros.map(|micros| micros.map(|micros| micros / 1_000_000)).collect()
}

/// The lists of the sample company in one generation, each object as text.
fn sample(generation: &str) -> Vec<String> {
    let mut objects = Vec::new();
    for resource in RESOURCES {
        let path = format!(
            "{}/data/sample/stripe_{generation}/{}.json",
            env!("CARGO_MANIFEST_DIR"),
            resource.name
        );
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let list = Json::parse(&text).unwrap();
        objects.extend(list.get("data").unwrap().as_array().unwrap().iter().map(Json::to_compact));
    }
    objects
}

fn sorted(batch: &RecordBatch) -> RecordBatch {
    let by = ["id", "source", "event_type", "observed_at"].map(|name| arrow::compute::SortColumn {
        values: batch.column_by_name(name).unwrap().clone(),
        options: Some(SortOptions::default()),
    });
    take_record_batch(batch, &lexsort_to_indices(&by, None).unwrap()).unwrap()
}

#[test]
fn both_generations_land_in_one_form() {
    let [old, new] = ["acacia", "clover"].map(sample);
    let (old, old_faults) = land(old.iter().map(String::as_str));
    let (new, new_faults) = land(new.iter().map(String::as_str));
    assert_eq!((old_faults, new_faults), (vec![], vec![]));
    // What only one generation has, or what is the text of the generation itself.
    let apart: HashMap<_, &[&str]> = HashMap::from([
        ("", &["key", "raw", "api_version"][..]),
        ("stripe_log/subscriptions", &["billing_mode"]),
        (
            "stripe_log/invoices",
            &["is_paid_out_of_band", "charge_id", "payment_intent_id", "amount_overpaid_minor"],
        ),
        ("stripe_log/charges", &["invoice_id"]),
    ]);
    let mut compared = 0;
    for resource in RESOURCES.iter().filter(|resource| resource.name != "invoice_payments") {
        let (Some(old), Some(new)) = (old.get(resource.table), new.get(resource.table)) else {
            assert_eq!(old.get(resource.table), new.get(resource.table));
            continue;
        };
        let (old, new) = (sorted(old), sorted(new));
        for field in old.schema().fields() {
            let apart =
                |table| apart.get(table).is_some_and(|names| names.contains(&&**field.name()));
            if !apart("") && !apart(resource.table) {
                assert_eq!(
                    old.column_by_name(field.name()),
                    new.column_by_name(field.name()),
                    "{}.{}",
                    resource.name,
                    field.name()
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "only {compared} columns were compared");
}

#[test]
fn every_fixture_of_every_era_lands_whole() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stripe-fixtures-by-era.json");
    let text = std::fs::read_to_string(path).unwrap();
    let fixtures = Json::parse(&text).unwrap();
    let Some(Json::Object(eras)) = fixtures.get("versions") else { panic!("no eras") };
    assert_eq!(eras.len(), 9);
    let mut landed = 0;
    for (era, content) in eras {
        let Some(Json::Object(resources)) = content.get("resources") else { panic!("{era}") };
        for (name, fixture) in resources {
            if fixture.get_str("id").is_none() {
                continue;
            }
            let text = fixture.to_compact();
            let (batches, faults) = one(&text);
            assert_eq!(faults, Vec::<String>::new(), "{era} {name}");
            let Some(table) = object::table_of(fixture) else { continue };
            let batch = &batches[RESOURCES[table].table];
            let raw = strings(batch, "raw");
            let kept = keeps::reduced(fixture).map_or(text, |reduced| reduced.to_compact());
            assert!(raw.contains(&Some(&*kept)), "{era} {name}: the object itself is not there");
            for raw in raw.into_iter().flatten() {
                let object: serde_json::Value = serde_json::from_str(raw).unwrap();
                assert!(object["id"].is_string(), "{era} {name}");
            }
            landed += 1;
        }
    }
    assert!(landed > 100, "only {landed} fixtures landed");
}

#[test]
fn odd_values_cost_a_cell_and_never_a_row() {
    let (batches, faults) =
        one(r#"{"id":"in_1","object":"invoice","status":"frozen_solid","created":"yesterday",
            "total":"1900","amount_due":[1],"amount_paid":19.5,"due_date":99999999999999,
            "customer":7,"metadata":"x","paid_out_of_band":"no","discounts":[null,"di_1"],
            "lines":{"has_more":1,"data":[{"id":"il_1","amount":{},"pricing":
                {"unit_amount_decimal":"12,5"}},"il_2"]},"new_field":{"deep":[1.10]}}"#);
    let batch = &batches["stripe_log/invoices"];
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(strings(batch, "status"), [Some("frozen_solid")]);
    assert_eq!(strings(batch, "metadata"), [Some("\"x\"")]);
    let total = batch.column_by_name("total_minor").unwrap();
    assert_eq!(total.as_primitive::<Int64Type>().value(0), 1900);
    assert!(strings(batch, "raw")[0].unwrap().ends_with(r#""new_field":{"deep":[1.10]}}"#));
    assert_eq!(times(batch, "observed_at"), [Some(LANDED_AT / 1_000_000)]);
    let lines = batch.column_by_name("lines").unwrap().as_list::<i32>().value(0);
    assert_eq!(lines.len(), 2);
    let fields: Vec<&str> = faults.iter().map(|f| f.split(' ').nth(1).unwrap()).collect();
    assert_eq!(
        fields,
        [
            "customer:",
            "created:",
            "due_date:",
            "amount_due:",
            "amount_paid:",
            "paid_out_of_band:",
            "lines.has_more:",
            "lines[0].amount:",
            "lines[0].pricing.unit_amount_decimal:"
        ]
    );
}

#[test]
fn an_event_lands_its_object_first_and_knows_what_it_changed() {
    let event = |kind: &str, object: &str| {
        format!(
            r#"{{"id":"evt_1","object":"event","api_version":"2025-09-30.clover","created":1700000100,
              "livemode":true,"type":"{kind}","request":"req_1","data":{{"object":{object},
              "previous_attributes":{{"email":"old@a.com"}}}}}}"#
        )
    };
    let customer = r#"{"id":"cus_1","object":"customer","created":1600000000,"email":"new@a.com"}"#;
    let mut batches = StripeBatches::new(LANDED_AT);
    batches.push(&Json::parse(&event("customer.updated", customer)).unwrap(), None).unwrap();
    let landed = batches.finish().unwrap();
    let tables: Vec<_> = landed.iter().map(|landed| landed.table).collect();
    assert_eq!(tables, ["stripe_log/customers", "stripe_log/events"]);
    let row = &landed[0].batch;
    assert_eq!(times(row, "observed_at"), [Some(1_700_000_100)]);
    assert_eq!(times(row, "known_from"), [Some(1_700_000_100)]);
    assert_eq!(strings(row, "event_id"), [Some("evt_1")]);
    assert_eq!(strings(row, "api_version"), [Some("2025-09-30.clover")]);
    assert_eq!(strings(row, "previous_attributes"), [Some(r#"{"email":"old@a.com"}"#)]);
    assert!(row.column_by_name("livemode").unwrap().as_boolean().value(0));
    assert_eq!(strings(&landed[1].batch, "request_id"), [Some("req_1")]);
    assert_eq!(strings(&landed[1].batch, "object_id"), [Some("cus_1")]);

    let subscription = r#"{"id":"sub_1","object":"subscription","ended_at":1700000100}"#;
    let discount = r#"{"id":"di_1","object":"discount","start":1600000000}"#;
    for (kind, object, table, deleted) in [
        ("customer.deleted", customer, "stripe_log/customers", true),
        ("customer.subscription.deleted", subscription, "stripe_log/subscriptions", false),
        ("customer.discount.deleted", discount, "stripe_log/discounts", true),
        ("customer.source.deleted", customer, "stripe_log/customers", false),
    ] {
        let (batches, _) = one(&event(kind, object));
        let found = batches[table].column_by_name("deleted").unwrap().as_boolean().value(0);
        assert_eq!(found, deleted, "{kind}");
    }
}

#[test]
fn an_event_whose_object_has_no_id_is_kept() {
    let (batches, faults) = one(
        r#"{"id":"evt_1","object":"event","created":1700000000,"type":"invoice.upcoming","data":
            {"object":{"object":"invoice","customer":"cus_1","lines":{"data":[{"price":
            {"id":"price_1","object":"price","created":1600000000}}]}}}}"#,
    );
    assert!(faults.is_empty());
    assert!(!batches.contains_key("stripe_log/invoices"));
    assert_eq!(strings(&batches["stripe_log/events"], "object_id"), [None]);
    assert_eq!(strings(&batches["stripe_log/prices"], "id"), [Some("price_1")]);
}

#[test]
fn embedded_objects_are_known_no_later_than_their_carrier_and_land_once() {
    let invoice = |id: &str, paid_at: u32| {
        format!(
            r#"{{"id":"{id}","object":"invoice","livemode":true,"created":1600000000,
              "status_transitions":{{"paid_at":{paid_at}}},
              "discount":{{"id":"di_1","object":"discount","start":1500000000,
                "coupon":{{"id":"HALF","object":"coupon","percent_off":33.30}}}},
              "lines":{{"data":[{{"id":"il_1","type":"subscription",
                "price":{{"id":"price_1","object":"price","created":1400000000,"livemode":false}},
                "plan":{{"id":"price_1","object":"plan","created":1400000000}}}}]}}}}"#
        )
    };
    let texts = [invoice("in_1", 1_600_000_500), invoice("in_2", 1_600_000_300)];
    let (batches, faults) = land(texts.iter().map(String::as_str));
    assert!(faults.is_empty());
    let prices = &batches["stripe_log/prices"];
    assert_eq!(strings(prices, "source"), [Some("embedded")]);
    assert_eq!(times(prices, "observed_at"), [Some(1_600_000_300)]);
    assert_eq!(times(prices, "known_from"), [Some(1_400_000_000)]);
    assert!(!prices.column_by_name("livemode").unwrap().as_boolean().value(0));
    let discounts = &batches["stripe_log/discounts"];
    assert_eq!(times(discounts, "known_from"), [Some(1_500_000_000)]);
    assert!(discounts.column_by_name("livemode").unwrap().as_boolean().value(0));
    let coupons = &batches["stripe_log/coupons"];
    assert_eq!(strings(coupons, "percent_off"), [Some("33.30")]);
    assert_eq!(times(coupons, "known_from"), [Some(1_500_000_000)]);
}

#[test]
fn the_key_is_the_content() {
    let key = |text: &str| {
        let (batches, _) = one(text);
        let batch = &batches["stripe_log/products"];
        batch.column_by_name("key").unwrap().as_binary::<i32>().value(0).to_vec()
    };
    let first =
        key(r#"{"id":"prod_1","object":"product","name":"A","metadata":{"b":"1","a":"2"}}"#);
    assert_eq!(first.len(), 16);
    let same =
        r#"{ "object":"product", "metadata":{"a":"2","b":"1"}, "name":"\u0041","id":"prod_1" }"#;
    assert_eq!(first, key(same));
    let other = r#"{"id":"prod_1","object":"product","name":"B","metadata":{"b":"1","a":"2"}}"#;
    assert_ne!(first, key(other));
}

#[test]
fn old_lines_tell_recurring_money_too() {
    let (batches, _) = one(r#"{"id":"in_1","object":"invoice","lines":{"data":[
            {"id":"sub_9","type":"subscription","subscription":null},
            {"id":"ii_1","type":"invoiceitem","proration":true,"subscription":"sub_1"},
            {"id":"ii_2","type":"invoiceitem","proration":true},
            {"id":"il_4","quantity_decimal":"2.75","tax_amounts":[{"inclusive":true,"amount":5},
             {"inclusive":false,"amount":7}],"discount_amounts":[{"amount":3,"discount":"di_1"},
             {"amount":4,"discount":{"id":"di_2"}}]}]}}"#);
    let lines = batches["stripe_log/invoices"].column_by_name("lines").unwrap().clone();
    let lines = lines.as_list::<i32>().value(0);
    let lines = lines.as_struct();
    let recurring: Vec<_> =
        lines.column_by_name("is_recurring").unwrap().as_boolean().iter().collect();
    assert_eq!(recurring, [Some(true), Some(true), Some(false), Some(false)]);
    let subscriptions = lines.column_by_name("subscription_id").unwrap().as_string::<i32>();
    assert_eq!(
        subscriptions.iter().collect::<Vec<_>>(),
        [Some("sub_9"), Some("sub_1"), None, None]
    );
    let last = |name| lines.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(3);
    assert_eq!((last("quantity"), last("discount_minor"), last("inclusive_tax_minor")), (2, 7, 5));
    assert_eq!((last("line_no"), lines.len()), (3, 4));
    let discounts = lines.column_by_name("discounts").unwrap().as_list::<i32>().value(3);
    let ids = discounts.as_struct().column_by_name("discount_id").unwrap().clone();
    assert_eq!(ids.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("di_1"), Some("di_2")]);
}

#[test]
fn deleted_rows_of_lists_land() {
    let (batches, _) = one(r#"{"id":"cus_1","object":"customer","deleted":true}"#);
    let batch = &batches["stripe_log/customers"];
    assert!(batch.column_by_name("deleted").unwrap().as_boolean().value(0));
    assert_eq!(times(batch, "known_from"), [None]);
    // Nobody knows since when: it was gone at any time.
    assert_eq!(times(batch, "observed_at"), [None]);
}

#[test]
fn what_is_not_a_stripe_object_is_refused_by_field() {
    let mut batches = StripeBatches::new(LANDED_AT);
    for (text, field) in [(r#"{"id":"x"}"#, "object"), (r#"{"object":"invoice","id":5}"#, "id")] {
        assert_eq!(
            batches.push(&Json::parse(text).unwrap(), None).unwrap_err().field.as_deref(),
            Some(field)
        );
    }
    batches.push(&Json::parse(r#"{"id":"po_1","object":"payout"}"#).unwrap(), None).unwrap();
    assert_eq!(batches.without_table["payout"], 1);
    assert_eq!(batches.rows(), 0);
}

#[test]
fn expanded_objects_and_plans_land_in_their_tables() {
    let (batches, faults) = one(
        r#"{"id":"ch_1","object":"charge","created":1700000000,"livemode":true,
            "customer":{"id":"cus_1","object":"customer","created":1600000000,"email":"a@x.io"},
            "refunds":{"object":"list","data":[{"id":"re_1","object":"refund","amount":5}]},
            "invoice":{"id":"in_1","object":"invoice","lines":{"data":[{"plan":
              {"id":"gold","object":"plan","amount":900,"amount_decimal":"900.5","interval":"year",
               "interval_count":2,"usage_type":"licensed","transform_usage":{"divide_by":3}}}]}}}"#,
    );
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(strings(&batches["stripe_log/charges"], "customer_id"), [Some("cus_1")]);
    assert_eq!(strings(&batches["stripe_log/customers"], "email"), [Some("a@x.io")]);
    let refunds = &batches["stripe_log/refunds"];
    assert!(refunds.column_by_name("livemode").unwrap().as_boolean().value(0));
    assert_eq!(times(refunds, "observed_at"), [Some(1_700_000_000)]);
    let prices = &batches["stripe_log/prices"];
    let columns = ["type", "interval", "unit_amount_decimal", "transform_quantity", "usage_type"];
    let found = columns.map(|column| strings(prices, column)[0].unwrap());
    assert_eq!(found, ["recurring", "year", "900.5", r#"{"divide_by":3}"#, "licensed"]);
    let line = batches["stripe_log/invoices"].column_by_name("lines").unwrap().clone();
    let line = line.as_list::<i32>().value(0);
    let price = line.as_struct().column_by_name("price_id").unwrap().clone();
    assert_eq!(price.as_string::<i32>().value(0), "gold");
}
