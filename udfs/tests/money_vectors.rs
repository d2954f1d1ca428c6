//! The money functions against the golden vectors of `tests/vectors`.

use num_traits::{CheckedAdd, Zero};
use paydirt_udfs::money::currency::{currency_exponent, major};
use paydirt_udfs::money::discount::{Policy, coupons, discounted};
use paydirt_udfs::money::exact::{Ratio, to_float};
use paydirt_udfs::money::monthly::{Price, monthly_minor, months};
use paydirt_udfs::money::movement::{Movement, movement};
use serde_json::Value;

type Check = fn(&Value);

/// Part of the file, how many cases it must hold, and the check of one case.
const PARTS: [(&str, usize, Check); 6] = [
    ("/cases", 53, list_and_net),
    ("/currency/zero_decimal", 15, |code| assert_exponent(code, 0)),
    ("/currency/two_decimal_by_compatibility", 2, |code| assert_exponent(code, 2)),
    ("/currency/three_decimal", 5, |code| assert_exponent(code, 3)),
    ("/currency_examples", 13, major_text),
    ("/movements", 8, movement_class),
];

#[test]
fn every_part() {
    let path = format!("{}/../tests/vectors/mrr_vectors.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (part, count, check) in PARTS {
        let cases = golden.pointer(part).unwrap().as_array().unwrap();
        assert_eq!(cases.len(), count, "{part}");
        cases.iter().for_each(check);
    }
    assert_eq!(golden["currency"]["default"], currency_exponent("eur"));
}

fn list_and_net(case: &Value) {
    let id = &case["id"];
    let items = case["items"].as_array().unwrap();
    let list = items.iter().fold(Ratio::zero(), |sum, item| {
        let price = &item["price"];
        let json = |field: &str| price.get(field).map(Value::to_string);
        let (tiers, transform_quantity) = (json("tiers"), json("transform_quantity"));
        let price = Price {
            unit_amount_decimal: price["unit_amount_decimal"].as_str(),
            interval: price["interval"].as_str(),
            interval_count: price["interval_count"].as_i64(),
            usage_type: price["usage_type"].as_str(),
            billing_scheme: price["billing_scheme"].as_str(),
            tiers_mode: price["tiers_mode"].as_str(),
            tiers: tiers.as_deref(),
            transform_quantity: transform_quantity.as_deref(),
        };
        sum.checked_add(&monthly_minor(&price, item["quantity"].as_i64()).unwrap()).unwrap()
    });
    let coupons = coupons(&case["discounts"].to_string()).unwrap();
    let policy = Policy::named(case["discount_policy"].as_str().unwrap()).unwrap();
    let price = &items[0]["price"];
    let period =
        months(price["interval"].as_str().unwrap(), price["interval_count"].as_i64().unwrap());
    let net = discounted(list, &coupons, policy, period).unwrap();

    for (exact, field) in [(list, "mrr_list"), (net, "mrr_net")] {
        let expected = &case["expected"][format!("{field}_minor")];
        assert_eq!(format!("{}/{}", exact.numer(), exact.denom()), *expected, "{id}");
        let rounded = case["expected"][field].as_f64().unwrap();
        assert!((to_float(&exact).unwrap() - rounded).abs() < 1e-6, "{id} {field}");
    }
}

fn assert_exponent(code: &Value, exponent: u32) {
    let code = code.as_str().unwrap();
    assert_eq!(currency_exponent(code), exponent, "{code}");
    assert_eq!(currency_exponent(&code.to_uppercase()), exponent, "{code}");
}

fn major_text(case: &Value) {
    let text = major(case["minor"].as_i64().unwrap(), case["currency"].as_str().unwrap());
    assert_eq!(text, case["major"], "{case}");
}

fn movement_class(case: &Value) {
    let amount = |field: &str| case[field].as_f64().unwrap();
    let had_before = case["had_mrr_before"].as_bool().unwrap();
    let class = movement(amount("before"), amount("after"), had_before).map(Movement::name);
    assert_eq!(class, case["expected"].as_str(), "{case}");
}
